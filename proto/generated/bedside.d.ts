import * as $protobuf from "protobufjs/minimal.js";
import Long = require("long");

/** Namespace bedside. */
export namespace bedside {

    /** Namespace v1. */
    namespace v1 {

        /**
         * Properties of a Batch.
         * @deprecated Use bedside.v1.Batch.$Properties instead.
         */
        interface IBatch extends bedside.v1.Batch.$Properties {
        }

        /** Represents a Batch. */
        class Batch {

            /**
             * Constructs a new Batch.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.Batch.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Batch head. */
            head: bedside.v1.Head;

            /** Batch devices. */
            devices: bedside.v1.Device[];

            /** Batch metrics. */
            metrics: bedside.v1.Metric[];

            /** Batch records. */
            records: bedside.v1.Record[];

            /** Batch check. */
            check: number;

            /**
             * Encodes the specified Batch message. Does not implicitly {@link bedside.v1.Batch.verify|verify} messages.
             * @param message Batch message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.Batch.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Batch message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.Batch & bedside.v1.Batch.$Shape} Batch
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.Batch & bedside.v1.Batch.$Shape;
        }

        namespace Batch {

            /** Properties of a Batch. */
            interface $Properties {

                /** Batch head */
                head?: bedside.v1.Head.$Properties;

                /** Batch devices */
                devices?: bedside.v1.Device.$Properties[];

                /** Batch metrics */
                metrics?: bedside.v1.Metric.$Properties[];

                /** Batch records */
                records?: bedside.v1.Record.$Properties[];

                /** Batch check */
                check?: number;

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Batch. */
            type $Shape = {
              head?: bedside.v1.Head.$Shape;
              devices?: bedside.v1.Device.$Shape[];
              metrics?: bedside.v1.Metric.$Shape[];
              records?: bedside.v1.Record.$Shape[];
              check?: number;
              $unknowns?: Uint8Array[];
            };
        }

        /** Stream enum. */
        enum Stream {

            /** STREAM_UNSPECIFIED value */
            STREAM_UNSPECIFIED = 0,

            /** STREAM_ALERT value */
            STREAM_ALERT = 1,

            /** STREAM_EVENT value */
            STREAM_EVENT = 2,

            /** STREAM_REPORT value */
            STREAM_REPORT = 3,

            /** STREAM_WAVE value */
            STREAM_WAVE = 4
        }

        /**
         * Properties of a Head.
         * @deprecated Use bedside.v1.Head.$Properties instead.
         */
        interface IHead extends bedside.v1.Head.$Properties {
        }

        /** Represents a Head. */
        class Head {

            /**
             * Constructs a new Head.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.Head.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Head gateway. */
            gateway: string;

            /** Head run. */
            run: (number|Long);

            /** Head stream. */
            stream: bedside.v1.Stream;

            /** Head bootId. */
            bootId: Uint8Array;

            /** Head clock. */
            clock: bedside.v1.ClockMapping;

            /**
             * Encodes the specified Head message. Does not implicitly {@link bedside.v1.Head.verify|verify} messages.
             * @param message Head message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.Head.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Head message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.Head & bedside.v1.Head.$Shape} Head
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.Head & bedside.v1.Head.$Shape;
        }

        namespace Head {

            /** Properties of a Head. */
            interface $Properties {

                /** Head gateway */
                gateway?: string;

                /** Head run */
                run?: (number|Long);

                /** Head stream */
                stream?: bedside.v1.Stream;

                /** Head bootId */
                bootId?: Uint8Array;

                /** Head clock */
                clock?: bedside.v1.ClockMapping.$Properties;

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Head. */
            type $Shape = bedside.v1.Head.$Properties;
        }

        /**
         * Properties of a ClockMapping.
         * @deprecated Use bedside.v1.ClockMapping.$Properties instead.
         */
        interface IClockMapping extends bedside.v1.ClockMapping.$Properties {
        }

        /** Represents a ClockMapping. */
        class ClockMapping {

            /**
             * Constructs a new ClockMapping.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.ClockMapping.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ClockMapping monoUs. */
            monoUs: (number|Long);

            /** ClockMapping utcUs. */
            utcUs: (number|Long);

            /** ClockMapping quality. */
            quality: bedside.v1.ClockQuality;

            /** ClockMapping uncertaintyUs. */
            uncertaintyUs: (number|null);

            /** ClockMapping source. */
            source: string;

            /**
             * Encodes the specified ClockMapping message. Does not implicitly {@link bedside.v1.ClockMapping.verify|verify} messages.
             * @param message ClockMapping message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.ClockMapping.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ClockMapping message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.ClockMapping & bedside.v1.ClockMapping.$Shape} ClockMapping
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.ClockMapping & bedside.v1.ClockMapping.$Shape;
        }

        namespace ClockMapping {

            /** Properties of a ClockMapping. */
            interface $Properties {

                /** ClockMapping monoUs */
                monoUs?: (number|Long);

                /** ClockMapping utcUs */
                utcUs?: (number|Long);

                /** ClockMapping quality */
                quality?: bedside.v1.ClockQuality;

                /** ClockMapping uncertaintyUs */
                uncertaintyUs?: (number|null);

                /** ClockMapping source */
                source?: string;

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ClockMapping. */
            type $Shape = bedside.v1.ClockMapping.$Properties;
        }

        /** ClockQuality enum. */
        enum ClockQuality {

            /** CLOCK_QUALITY_UNSPECIFIED value */
            CLOCK_QUALITY_UNSPECIFIED = 0,

            /** CLOCK_QUALITY_UNSYNCED value */
            CLOCK_QUALITY_UNSYNCED = 1,

            /** CLOCK_QUALITY_HOLDOVER value */
            CLOCK_QUALITY_HOLDOVER = 2,

            /** CLOCK_QUALITY_SYNCED value */
            CLOCK_QUALITY_SYNCED = 3
        }

        /**
         * Properties of a DeviceClock.
         * @deprecated Use bedside.v1.DeviceClock.$Properties instead.
         */
        interface IDeviceClock extends bedside.v1.DeviceClock.$Properties {
        }

        /** Represents a DeviceClock. */
        class DeviceClock {

            /**
             * Constructs a new DeviceClock.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.DeviceClock.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** DeviceClock offsetUs. */
            offsetUs: (number|Long);

            /** DeviceClock boundUs. */
            boundUs: (number|Long);

            /** DeviceClock against. */
            against: bedside.v1.ClockMapping;

            /** DeviceClock stepUs. */
            stepUs: (number|Long);

            /** DeviceClock stepAfterUs. */
            stepAfterUs: (number|Long);

            /**
             * Encodes the specified DeviceClock message. Does not implicitly {@link bedside.v1.DeviceClock.verify|verify} messages.
             * @param message DeviceClock message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.DeviceClock.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a DeviceClock message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.DeviceClock & bedside.v1.DeviceClock.$Shape} DeviceClock
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.DeviceClock & bedside.v1.DeviceClock.$Shape;
        }

        namespace DeviceClock {

            /** Properties of a DeviceClock. */
            interface $Properties {

                /** DeviceClock offsetUs */
                offsetUs?: (number|Long);

                /** DeviceClock boundUs */
                boundUs?: (number|Long);

                /** DeviceClock against */
                against?: bedside.v1.ClockMapping.$Properties;

                /** DeviceClock stepUs */
                stepUs?: (number|Long);

                /** DeviceClock stepAfterUs */
                stepAfterUs?: (number|Long);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a DeviceClock. */
            type $Shape = bedside.v1.DeviceClock.$Properties;
        }

        /**
         * Properties of a Device.
         * @deprecated Use bedside.v1.Device.$Properties instead.
         */
        interface IDevice extends bedside.v1.Device.$Properties {
        }

        /** Represents a Device. */
        class Device {

            /**
             * Constructs a new Device.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.Device.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Device epoch. */
            epoch: number;

            /** Device device. */
            device: string;

            /** Device socket. */
            socket: string;

            /** Device node. */
            node: string[];

            /** Device mode. */
            mode: bedside.v1.Mode;

            /** Device identity. */
            identity: bedside.v1.Identity;

            /** Device contested. */
            contested: boolean;

            /**
             * Encodes the specified Device message. Does not implicitly {@link bedside.v1.Device.verify|verify} messages.
             * @param message Device message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.Device.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Device message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.Device & bedside.v1.Device.$Shape} Device
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.Device & bedside.v1.Device.$Shape;
        }

        namespace Device {

            /** Properties of a Device. */
            interface $Properties {

                /** Device epoch */
                epoch?: number;

                /** Device device */
                device?: string;

                /** Device socket */
                socket?: string;

                /** Device node */
                node?: string[];

                /** Device mode */
                mode?: bedside.v1.Mode;

                /** Device identity */
                identity?: bedside.v1.Identity;

                /** Device contested */
                contested?: boolean;

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Device. */
            type $Shape = bedside.v1.Device.$Properties;
        }

        /** Mode enum. */
        enum Mode {

            /** MODE_UNSPECIFIED value */
            MODE_UNSPECIFIED = 0,

            /** MODE_REAL value */
            MODE_REAL = 1,

            /** MODE_TEST value */
            MODE_TEST = 2
        }

        /** Identity enum. */
        enum Identity {

            /** IDENTITY_UNSPECIFIED value */
            IDENTITY_UNSPECIFIED = 0,

            /** IDENTITY_SOCKET value */
            IDENTITY_SOCKET = 1,

            /** IDENTITY_ADAPTER value */
            IDENTITY_ADAPTER = 2,

            /** IDENTITY_PROTOCOL value */
            IDENTITY_PROTOCOL = 3,

            /** IDENTITY_CRYPTOGRAPHIC value */
            IDENTITY_CRYPTOGRAPHIC = 4
        }

        /**
         * Properties of a Metric.
         * @deprecated Use bedside.v1.Metric.$Properties instead.
         */
        interface IMetric extends bedside.v1.Metric.$Properties {
        }

        /** Represents a Metric. */
        class Metric {

            /**
             * Constructs a new Metric.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.Metric.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Metric id. */
            id: number;

            /** Metric code. */
            code: number;

            /** Metric refid. */
            refid: string;

            /** Metric unit. */
            unit: number;

            /** Metric ucum. */
            ucum: string;

            /** Metric name. */
            name: string;

            /** Metric confidence. */
            confidence: bedside.v1.Confidence;

            /** Metric category. */
            category: bedside.v1.Category;

            /** Metric rateSamples. */
            rateSamples: number;

            /** Metric rateSeconds. */
            rateSeconds: number;

            /** Metric scale. */
            scale: bedside.v1.Scale;

            /** Metric unitConfidence. */
            unitConfidence: bedside.v1.Confidence;

            /** Metric unitRefid. */
            unitRefid: string;

            /**
             * Encodes the specified Metric message. Does not implicitly {@link bedside.v1.Metric.verify|verify} messages.
             * @param message Metric message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.Metric.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Metric message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.Metric & bedside.v1.Metric.$Shape} Metric
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.Metric & bedside.v1.Metric.$Shape;
        }

        namespace Metric {

            /** Properties of a Metric. */
            interface $Properties {

                /** Metric id */
                id?: number;

                /** Metric code */
                code?: number;

                /** Metric refid */
                refid?: string;

                /** Metric unit */
                unit?: number;

                /** Metric ucum */
                ucum?: string;

                /** Metric name */
                name?: string;

                /** Metric confidence */
                confidence?: bedside.v1.Confidence;

                /** Metric category */
                category?: bedside.v1.Category;

                /** Metric rateSamples */
                rateSamples?: number;

                /** Metric rateSeconds */
                rateSeconds?: number;

                /** Metric scale */
                scale?: bedside.v1.Scale.$Properties;

                /** Metric unitConfidence */
                unitConfidence?: bedside.v1.Confidence;

                /** Metric unitRefid */
                unitRefid?: string;

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Metric. */
            type $Shape = bedside.v1.Metric.$Properties;
        }

        /** Confidence enum. */
        enum Confidence {

            /** CONFIDENCE_A value */
            CONFIDENCE_A = 0,

            /** CONFIDENCE_B value */
            CONFIDENCE_B = 1,

            /** CONFIDENCE_C value */
            CONFIDENCE_C = 2
        }

        /** Category enum. */
        enum Category {

            /** CATEGORY_UNSPECIFIED value */
            CATEGORY_UNSPECIFIED = 0,

            /** CATEGORY_MEASUREMENT value */
            CATEGORY_MEASUREMENT = 1,

            /** CATEGORY_SETTING value */
            CATEGORY_SETTING = 2,

            /** CATEGORY_CONDITION value */
            CATEGORY_CONDITION = 3,

            /** CATEGORY_STATE value */
            CATEGORY_STATE = 4
        }

        /**
         * Properties of a Scale.
         * @deprecated Use bedside.v1.Scale.$Properties instead.
         */
        interface IScale extends bedside.v1.Scale.$Properties {
        }

        /** Represents a Scale. */
        class Scale {

            /**
             * Constructs a new Scale.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.Scale.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Scale low. */
            low: bedside.v1.ScalePoint;

            /** Scale high. */
            high: bedside.v1.ScalePoint;

            /**
             * Encodes the specified Scale message. Does not implicitly {@link bedside.v1.Scale.verify|verify} messages.
             * @param message Scale message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.Scale.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Scale message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.Scale & bedside.v1.Scale.$Shape} Scale
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.Scale & bedside.v1.Scale.$Shape;
        }

        namespace Scale {

            /** Properties of a Scale. */
            interface $Properties {

                /** Scale low */
                low?: bedside.v1.ScalePoint.$Properties;

                /** Scale high */
                high?: bedside.v1.ScalePoint.$Properties;

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Scale. */
            type $Shape = bedside.v1.Scale.$Properties;
        }

        /**
         * Properties of a ScalePoint.
         * @deprecated Use bedside.v1.ScalePoint.$Properties instead.
         */
        interface IScalePoint extends bedside.v1.ScalePoint.$Properties {
        }

        /** Represents a ScalePoint. */
        class ScalePoint {

            /**
             * Constructs a new ScalePoint.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.ScalePoint.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ScalePoint raw. */
            raw: number;

            /** ScalePoint physical. */
            physical: bedside.v1.Decimal;

            /**
             * Encodes the specified ScalePoint message. Does not implicitly {@link bedside.v1.ScalePoint.verify|verify} messages.
             * @param message ScalePoint message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.ScalePoint.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ScalePoint message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.ScalePoint & bedside.v1.ScalePoint.$Shape} ScalePoint
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.ScalePoint & bedside.v1.ScalePoint.$Shape;
        }

        namespace ScalePoint {

            /** Properties of a ScalePoint. */
            interface $Properties {

                /** ScalePoint raw */
                raw?: number;

                /** ScalePoint physical */
                physical?: bedside.v1.Decimal.$Properties;

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ScalePoint. */
            type $Shape = bedside.v1.ScalePoint.$Properties;
        }

        /**
         * Properties of a Decimal.
         * @deprecated Use bedside.v1.Decimal.$Properties instead.
         */
        interface IDecimal extends bedside.v1.Decimal.$Properties {
        }

        /** Represents a Decimal. */
        class Decimal {

            /**
             * Constructs a new Decimal.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.Decimal.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Decimal mantissa. */
            mantissa: (number|Long);

            /** Decimal exponent. */
            exponent: number;

            /**
             * Encodes the specified Decimal message. Does not implicitly {@link bedside.v1.Decimal.verify|verify} messages.
             * @param message Decimal message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.Decimal.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Decimal message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.Decimal & bedside.v1.Decimal.$Shape} Decimal
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.Decimal & bedside.v1.Decimal.$Shape;
        }

        namespace Decimal {

            /** Properties of a Decimal. */
            interface $Properties {

                /** Decimal mantissa */
                mantissa?: (number|Long);

                /** Decimal exponent */
                exponent?: number;

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Decimal. */
            type $Shape = bedside.v1.Decimal.$Properties;
        }

        /**
         * Properties of a Record.
         * @deprecated Use bedside.v1.Record.$Properties instead.
         */
        interface IRecord extends bedside.v1.Record.$Properties {
        }

        /** Represents a Record. */
        class Record {

            /**
             * Constructs a new Record.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.Record.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Record epoch. */
            epoch: number;

            /** Record n. */
            n: (number|Long);

            /** Record atUs. */
            atUs: (number|Long);

            /** Record deviceTime. */
            deviceTime: string;

            /** Record report. */
            report: (bedside.v1.Report|null);

            /** Record wave. */
            wave: (bedside.v1.WaveBlock|null);

            /** Record alert. */
            alert: (bedside.v1.Alert|null);

            /** Record event. */
            event: (bedside.v1.Event|null);

            /** Record body. */
            body?: ("report"|"wave"|"alert"|"event");

            /**
             * Encodes the specified Record message. Does not implicitly {@link bedside.v1.Record.verify|verify} messages.
             * @param message Record message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.Record.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Record message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.Record & bedside.v1.Record.$Shape} Record
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.Record & bedside.v1.Record.$Shape;
        }

        namespace Record {

            /** Properties of a Record. */
            interface $Properties {

                /** Record epoch */
                epoch?: number;

                /** Record n */
                n?: (number|Long);

                /** Record atUs */
                atUs?: (number|Long);

                /** Record deviceTime */
                deviceTime?: string;

                /** Record report */
                report?: (bedside.v1.Report.$Properties|null);

                /** Record wave */
                wave?: (bedside.v1.WaveBlock.$Properties|null);

                /** Record alert */
                alert?: (bedside.v1.Alert.$Properties|null);

                /** Record event */
                event?: (bedside.v1.Event.$Properties|null);

                /** Record body */
                body?: ("report"|"wave"|"alert"|"event");

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Narrowed shape of a Record. */
            type $Shape = {
              epoch?: number;
              n?: number|Long;
              atUs?: number|Long;
              deviceTime?: string;
              report?: bedside.v1.Report.$Shape|null;
              wave?: bedside.v1.WaveBlock.$Shape|null;
              alert?: bedside.v1.Alert.$Shape|null;
              event?: bedside.v1.Event.$Shape|null;
              $unknowns?: Uint8Array[];
            } & (
              ({ body?: undefined; report?: null; wave?: null; alert?: null; event?: null }|{ body?: "report"; report: bedside.v1.Report.$Shape; wave?: null; alert?: null; event?: null }|{ body?: "wave"; report?: null; wave: bedside.v1.WaveBlock.$Shape; alert?: null; event?: null }|{ body?: "alert"; report?: null; wave?: null; alert: bedside.v1.Alert.$Shape; event?: null }|{ body?: "event"; report?: null; wave?: null; alert?: null; event: bedside.v1.Event.$Shape })
            );
        }

        /**
         * Properties of a Report.
         * @deprecated Use bedside.v1.Report.$Properties instead.
         */
        interface IReport extends bedside.v1.Report.$Properties {
        }

        /** Represents a Report. */
        class Report {

            /**
             * Constructs a new Report.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.Report.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Report observations. */
            observations: bedside.v1.Observation[];

            /** Report unreadable. */
            unreadable: bedside.v1.Unreadable[];

            /**
             * Encodes the specified Report message. Does not implicitly {@link bedside.v1.Report.verify|verify} messages.
             * @param message Report message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.Report.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Report message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.Report & bedside.v1.Report.$Shape} Report
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.Report & bedside.v1.Report.$Shape;
        }

        namespace Report {

            /** Properties of a Report. */
            interface $Properties {

                /** Report observations */
                observations?: bedside.v1.Observation.$Properties[];

                /** Report unreadable */
                unreadable?: bedside.v1.Unreadable.$Properties[];

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Report. */
            type $Shape = {
              observations?: bedside.v1.Observation.$Shape[];
              unreadable?: bedside.v1.Unreadable.$Shape[];
              $unknowns?: Uint8Array[];
            };
        }

        /**
         * Properties of an Observation.
         * @deprecated Use bedside.v1.Observation.$Properties instead.
         */
        interface IObservation extends bedside.v1.Observation.$Properties {
        }

        /** Represents an Observation. */
        class Observation {

            /**
             * Constructs a new Observation.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.Observation.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Observation metric. */
            metric: number;

            /** Observation decimal. */
            decimal: (bedside.v1.Decimal|null);

            /** Observation text. */
            text: (string|null);

            /** Observation compound. */
            compound: (bedside.v1.Compound|null);

            /** Observation wordCode. */
            wordCode: number;

            /** Observation validity. */
            validity: bedside.v1.Validity;

            /** Observation reason. */
            reason: string;

            /** Observation demo. */
            demo: boolean;

            /** Observation stored. */
            stored: boolean;

            /** Observation qualifiers. */
            qualifiers: string[];

            /** Observation value. */
            value?: ("decimal"|"text"|"compound");

            /**
             * Encodes the specified Observation message. Does not implicitly {@link bedside.v1.Observation.verify|verify} messages.
             * @param message Observation message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.Observation.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an Observation message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.Observation & bedside.v1.Observation.$Shape} Observation
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.Observation & bedside.v1.Observation.$Shape;
        }

        namespace Observation {

            /** Properties of an Observation. */
            interface $Properties {

                /** Observation metric */
                metric?: number;

                /** Observation decimal */
                decimal?: (bedside.v1.Decimal.$Properties|null);

                /** Observation text */
                text?: (string|null);

                /** Observation compound */
                compound?: (bedside.v1.Compound.$Properties|null);

                /** Observation wordCode */
                wordCode?: number;

                /** Observation validity */
                validity?: bedside.v1.Validity;

                /** Observation reason */
                reason?: string;

                /** Observation demo */
                demo?: boolean;

                /** Observation stored */
                stored?: boolean;

                /** Observation qualifiers */
                qualifiers?: string[];

                /** Observation value */
                value?: ("decimal"|"text"|"compound");

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Narrowed shape of an Observation. */
            type $Shape = {
              metric?: number;
              decimal?: bedside.v1.Decimal.$Shape|null;
              text?: string|null;
              compound?: bedside.v1.Compound.$Shape|null;
              wordCode?: number;
              validity?: bedside.v1.Validity;
              reason?: string;
              demo?: boolean;
              stored?: boolean;
              qualifiers?: string[];
              $unknowns?: Uint8Array[];
            } & (
              ({ value?: undefined; decimal?: null; text?: null; compound?: null }|{ value?: "decimal"; decimal: bedside.v1.Decimal.$Shape; text?: null; compound?: null }|{ value?: "text"; decimal?: null; text: string; compound?: null }|{ value?: "compound"; decimal?: null; text?: null; compound: bedside.v1.Compound.$Shape })
            );
        }

        /** Validity enum. */
        enum Validity {

            /** VALIDITY_VALID value */
            VALIDITY_VALID = 0,

            /** VALIDITY_INVALID value */
            VALIDITY_INVALID = 1,

            /** VALIDITY_NOT_AVAILABLE value */
            VALIDITY_NOT_AVAILABLE = 2,

            /** VALIDITY_QUESTIONABLE value */
            VALIDITY_QUESTIONABLE = 3,

            /** VALIDITY_CALIBRATION_ONGOING value */
            VALIDITY_CALIBRATION_ONGOING = 4,

            /** VALIDITY_OVERFLOW value */
            VALIDITY_OVERFLOW = 5,

            /** VALIDITY_UNDERFLOW value */
            VALIDITY_UNDERFLOW = 6,

            /** VALIDITY_VALIDATED value */
            VALIDITY_VALIDATED = 7,

            /** VALIDITY_MEASUREMENT_ONGOING value */
            VALIDITY_MEASUREMENT_ONGOING = 8
        }

        /**
         * Properties of a Compound.
         * @deprecated Use bedside.v1.Compound.$Properties instead.
         */
        interface ICompound extends bedside.v1.Compound.$Properties {
        }

        /** Represents a Compound. */
        class Compound {

            /**
             * Constructs a new Compound.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.Compound.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Compound parts. */
            parts: bedside.v1.Observation[];

            /**
             * Encodes the specified Compound message. Does not implicitly {@link bedside.v1.Compound.verify|verify} messages.
             * @param message Compound message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.Compound.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Compound message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.Compound & bedside.v1.Compound.$Shape} Compound
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.Compound & bedside.v1.Compound.$Shape;
        }

        namespace Compound {

            /** Properties of a Compound. */
            interface $Properties {

                /** Compound parts */
                parts?: bedside.v1.Observation.$Properties[];

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Compound. */
            type $Shape = {
              parts?: bedside.v1.Observation.$Shape[];
              $unknowns?: Uint8Array[];
            };
        }

        /**
         * Properties of an Unreadable.
         * @deprecated Use bedside.v1.Unreadable.$Properties instead.
         */
        interface IUnreadable extends bedside.v1.Unreadable.$Properties {
        }

        /** Represents an Unreadable. */
        class Unreadable {

            /**
             * Constructs a new Unreadable.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.Unreadable.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Unreadable bytes. */
            bytes: number;

            /** Unreadable reason. */
            reason: string;

            /** Unreadable about. */
            about: string;

            /**
             * Encodes the specified Unreadable message. Does not implicitly {@link bedside.v1.Unreadable.verify|verify} messages.
             * @param message Unreadable message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.Unreadable.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an Unreadable message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.Unreadable & bedside.v1.Unreadable.$Shape} Unreadable
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.Unreadable & bedside.v1.Unreadable.$Shape;
        }

        namespace Unreadable {

            /** Properties of an Unreadable. */
            interface $Properties {

                /** Unreadable bytes */
                bytes?: number;

                /** Unreadable reason */
                reason?: string;

                /** Unreadable about */
                about?: string;

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an Unreadable. */
            type $Shape = bedside.v1.Unreadable.$Properties;
        }

        /**
         * Properties of a WaveBlock.
         * @deprecated Use bedside.v1.WaveBlock.$Properties instead.
         */
        interface IWaveBlock extends bedside.v1.WaveBlock.$Properties {
        }

        /** Represents a WaveBlock. */
        class WaveBlock {

            /**
             * Constructs a new WaveBlock.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.WaveBlock.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** WaveBlock metric. */
            metric: number;

            /** WaveBlock first. */
            first: (number|Long);

            /** WaveBlock steps. */
            steps: number[];

            /** WaveBlock gapBefore. */
            gapBefore: boolean;

            /** WaveBlock validity. */
            validity: bedside.v1.Validity;

            /** WaveBlock reason. */
            reason: string;

            /** WaveBlock demo. */
            demo: boolean;

            /** WaveBlock annotations. */
            annotations: bedside.v1.Annotation[];

            /** WaveBlock absent. */
            absent: number;

            /** WaveBlock qualifiers. */
            qualifiers: string[];

            /**
             * Encodes the specified WaveBlock message. Does not implicitly {@link bedside.v1.WaveBlock.verify|verify} messages.
             * @param message WaveBlock message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.WaveBlock.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a WaveBlock message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.WaveBlock & bedside.v1.WaveBlock.$Shape} WaveBlock
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.WaveBlock & bedside.v1.WaveBlock.$Shape;
        }

        namespace WaveBlock {

            /** Properties of a WaveBlock. */
            interface $Properties {

                /** WaveBlock metric */
                metric?: number;

                /** WaveBlock first */
                first?: (number|Long);

                /** WaveBlock steps */
                steps?: number[];

                /** WaveBlock gapBefore */
                gapBefore?: boolean;

                /** WaveBlock validity */
                validity?: bedside.v1.Validity;

                /** WaveBlock reason */
                reason?: string;

                /** WaveBlock demo */
                demo?: boolean;

                /** WaveBlock annotations */
                annotations?: bedside.v1.Annotation.$Properties[];

                /** WaveBlock absent */
                absent?: number;

                /** WaveBlock qualifiers */
                qualifiers?: string[];

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a WaveBlock. */
            type $Shape = bedside.v1.WaveBlock.$Properties;
        }

        /**
         * Properties of an Annotation.
         * @deprecated Use bedside.v1.Annotation.$Properties instead.
         */
        interface IAnnotation extends bedside.v1.Annotation.$Properties {
        }

        /** Represents an Annotation. */
        class Annotation {

            /**
             * Constructs a new Annotation.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.Annotation.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Annotation sample. */
            sample: number;

            /** Annotation text. */
            text: string;

            /**
             * Encodes the specified Annotation message. Does not implicitly {@link bedside.v1.Annotation.verify|verify} messages.
             * @param message Annotation message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.Annotation.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an Annotation message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.Annotation & bedside.v1.Annotation.$Shape} Annotation
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.Annotation & bedside.v1.Annotation.$Shape;
        }

        namespace Annotation {

            /** Properties of an Annotation. */
            interface $Properties {

                /** Annotation sample */
                sample?: number;

                /** Annotation text */
                text?: string;

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an Annotation. */
            type $Shape = bedside.v1.Annotation.$Properties;
        }

        /**
         * Properties of an Alert.
         * @deprecated Use bedside.v1.Alert.$Properties instead.
         */
        interface IAlert extends bedside.v1.Alert.$Properties {
        }

        /** Represents an Alert. */
        class Alert {

            /**
             * Constructs a new Alert.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.Alert.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Alert metric. */
            metric: number;

            /** Alert edge. */
            edge: bedside.v1.Edge;

            /** Alert cause. */
            cause: bedside.v1.Cause;

            /** Alert nature. */
            nature: bedside.v1.Nature;

            /** Alert priority. */
            priority: bedside.v1.Priority;

            /** Alert word. */
            word: string;

            /** Alert on. */
            on: string;

            /** Alert devicePriority. */
            devicePriority: string;

            /** Alert demo. */
            demo: boolean;

            /** Alert qualifiers. */
            qualifiers: string[];

            /**
             * Encodes the specified Alert message. Does not implicitly {@link bedside.v1.Alert.verify|verify} messages.
             * @param message Alert message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.Alert.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an Alert message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.Alert & bedside.v1.Alert.$Shape} Alert
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.Alert & bedside.v1.Alert.$Shape;
        }

        namespace Alert {

            /** Properties of an Alert. */
            interface $Properties {

                /** Alert metric */
                metric?: number;

                /** Alert edge */
                edge?: bedside.v1.Edge;

                /** Alert cause */
                cause?: bedside.v1.Cause;

                /** Alert nature */
                nature?: bedside.v1.Nature;

                /** Alert priority */
                priority?: bedside.v1.Priority;

                /** Alert word */
                word?: string;

                /** Alert on */
                on?: string;

                /** Alert devicePriority */
                devicePriority?: string;

                /** Alert demo */
                demo?: boolean;

                /** Alert qualifiers */
                qualifiers?: string[];

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an Alert. */
            type $Shape = bedside.v1.Alert.$Properties;
        }

        /** Edge enum. */
        enum Edge {

            /** EDGE_UNSPECIFIED value */
            EDGE_UNSPECIFIED = 0,

            /** EDGE_ONSET value */
            EDGE_ONSET = 1,

            /** EDGE_CLEAR value */
            EDGE_CLEAR = 2,

            /** EDGE_CHANGE value */
            EDGE_CHANGE = 3
        }

        /** Cause enum. */
        enum Cause {

            /** CAUSE_DEVICE value */
            CAUSE_DEVICE = 0,

            /** CAUSE_START value */
            CAUSE_START = 1
        }

        /** Nature enum. */
        enum Nature {

            /** NATURE_UNSPECIFIED value */
            NATURE_UNSPECIFIED = 0,

            /** NATURE_PHYSIOLOGICAL value */
            NATURE_PHYSIOLOGICAL = 1,

            /** NATURE_TECHNICAL value */
            NATURE_TECHNICAL = 2
        }

        /** Priority enum. */
        enum Priority {

            /** PRIORITY_UNSPECIFIED value */
            PRIORITY_UNSPECIFIED = 0,

            /** PRIORITY_INFORMATION value */
            PRIORITY_INFORMATION = 1,

            /** PRIORITY_LOW value */
            PRIORITY_LOW = 2,

            /** PRIORITY_MEDIUM value */
            PRIORITY_MEDIUM = 3,

            /** PRIORITY_HIGH value */
            PRIORITY_HIGH = 4
        }

        /**
         * Properties of an Event.
         * @deprecated Use bedside.v1.Event.$Properties instead.
         */
        interface IEvent extends bedside.v1.Event.$Properties {
        }

        /** Represents an Event. */
        class Event {

            /**
             * Constructs a new Event.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.Event.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Event gap. */
            gap: (bedside.v1.Gap|null);

            /** Event runEnded. */
            runEnded: (bedside.v1.RunEnded|null);

            /** Event clockMapping. */
            clockMapping: (bedside.v1.ClockMapping|null);

            /** Event epochBegan. */
            epochBegan: (bedside.v1.EpochBegan|null);

            /** Event epochEnded. */
            epochEnded: (bedside.v1.EpochEnded|null);

            /** Event admission. */
            admission: (bedside.v1.Admission|null);

            /** Event identityLearned. */
            identityLearned: (bedside.v1.IdentityLearned|null);

            /** Event discards. */
            discards: (bedside.v1.Discards|null);

            /** Event fault. */
            fault: (bedside.v1.FaultRaised|null);

            /** Event deviceClock. */
            deviceClock: (bedside.v1.DeviceClock|null);

            /** Event what. */
            what?: ("gap"|"runEnded"|"clockMapping"|"epochBegan"|"epochEnded"|"admission"|"identityLearned"|"discards"|"fault"|"deviceClock");

            /**
             * Encodes the specified Event message. Does not implicitly {@link bedside.v1.Event.verify|verify} messages.
             * @param message Event message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.Event.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an Event message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.Event & bedside.v1.Event.$Shape} Event
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.Event & bedside.v1.Event.$Shape;
        }

        namespace Event {

            /** Properties of an Event. */
            interface $Properties {

                /** Event gap */
                gap?: (bedside.v1.Gap.$Properties|null);

                /** Event runEnded */
                runEnded?: (bedside.v1.RunEnded.$Properties|null);

                /** Event clockMapping */
                clockMapping?: (bedside.v1.ClockMapping.$Properties|null);

                /** Event epochBegan */
                epochBegan?: (bedside.v1.EpochBegan.$Properties|null);

                /** Event epochEnded */
                epochEnded?: (bedside.v1.EpochEnded.$Properties|null);

                /** Event admission */
                admission?: (bedside.v1.Admission.$Properties|null);

                /** Event identityLearned */
                identityLearned?: (bedside.v1.IdentityLearned.$Properties|null);

                /** Event discards */
                discards?: (bedside.v1.Discards.$Properties|null);

                /** Event fault */
                fault?: (bedside.v1.FaultRaised.$Properties|null);

                /** Event deviceClock */
                deviceClock?: (bedside.v1.DeviceClock.$Properties|null);

                /** Event what */
                what?: ("gap"|"runEnded"|"clockMapping"|"epochBegan"|"epochEnded"|"admission"|"identityLearned"|"discards"|"fault"|"deviceClock");

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Narrowed shape of an Event. */
            type $Shape = {
              gap?: bedside.v1.Gap.$Shape|null;
              runEnded?: bedside.v1.RunEnded.$Shape|null;
              clockMapping?: bedside.v1.ClockMapping.$Shape|null;
              epochBegan?: bedside.v1.EpochBegan.$Shape|null;
              epochEnded?: bedside.v1.EpochEnded.$Shape|null;
              admission?: bedside.v1.Admission.$Shape|null;
              identityLearned?: bedside.v1.IdentityLearned.$Shape|null;
              discards?: bedside.v1.Discards.$Shape|null;
              fault?: bedside.v1.FaultRaised.$Shape|null;
              deviceClock?: bedside.v1.DeviceClock.$Shape|null;
              $unknowns?: Uint8Array[];
            } & (
              ({ what?: undefined; gap?: null; runEnded?: null; clockMapping?: null; epochBegan?: null; epochEnded?: null; admission?: null; identityLearned?: null; discards?: null; fault?: null; deviceClock?: null }|{ what?: "gap"; gap: bedside.v1.Gap.$Shape; runEnded?: null; clockMapping?: null; epochBegan?: null; epochEnded?: null; admission?: null; identityLearned?: null; discards?: null; fault?: null; deviceClock?: null }|{ what?: "runEnded"; gap?: null; runEnded: bedside.v1.RunEnded.$Shape; clockMapping?: null; epochBegan?: null; epochEnded?: null; admission?: null; identityLearned?: null; discards?: null; fault?: null; deviceClock?: null }|{ what?: "clockMapping"; gap?: null; runEnded?: null; clockMapping: bedside.v1.ClockMapping.$Shape; epochBegan?: null; epochEnded?: null; admission?: null; identityLearned?: null; discards?: null; fault?: null; deviceClock?: null }|{ what?: "epochBegan"; gap?: null; runEnded?: null; clockMapping?: null; epochBegan: bedside.v1.EpochBegan.$Shape; epochEnded?: null; admission?: null; identityLearned?: null; discards?: null; fault?: null; deviceClock?: null }|{ what?: "epochEnded"; gap?: null; runEnded?: null; clockMapping?: null; epochBegan?: null; epochEnded: bedside.v1.EpochEnded.$Shape; admission?: null; identityLearned?: null; discards?: null; fault?: null; deviceClock?: null }|{ what?: "admission"; gap?: null; runEnded?: null; clockMapping?: null; epochBegan?: null; epochEnded?: null; admission: bedside.v1.Admission.$Shape; identityLearned?: null; discards?: null; fault?: null; deviceClock?: null }|{ what?: "identityLearned"; gap?: null; runEnded?: null; clockMapping?: null; epochBegan?: null; epochEnded?: null; admission?: null; identityLearned: bedside.v1.IdentityLearned.$Shape; discards?: null; fault?: null; deviceClock?: null }|{ what?: "discards"; gap?: null; runEnded?: null; clockMapping?: null; epochBegan?: null; epochEnded?: null; admission?: null; identityLearned?: null; discards: bedside.v1.Discards.$Shape; fault?: null; deviceClock?: null }|{ what?: "fault"; gap?: null; runEnded?: null; clockMapping?: null; epochBegan?: null; epochEnded?: null; admission?: null; identityLearned?: null; discards?: null; fault: bedside.v1.FaultRaised.$Shape; deviceClock?: null }|{ what?: "deviceClock"; gap?: null; runEnded?: null; clockMapping?: null; epochBegan?: null; epochEnded?: null; admission?: null; identityLearned?: null; discards?: null; fault?: null; deviceClock: bedside.v1.DeviceClock.$Shape })
            );
        }

        /**
         * Properties of a Gap.
         * @deprecated Use bedside.v1.Gap.$Properties instead.
         */
        interface IGap extends bedside.v1.Gap.$Properties {
        }

        /** Represents a Gap. */
        class Gap {

            /**
             * Constructs a new Gap.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.Gap.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Gap run. */
            run: (number|Long);

            /** Gap epoch. */
            epoch: number;

            /** Gap stream. */
            stream: bedside.v1.Stream;

            /** Gap nFirst. */
            nFirst: (number|Long);

            /** Gap nLast. */
            nLast: (number|Long);

            /** Gap reason. */
            reason: string;

            /**
             * Encodes the specified Gap message. Does not implicitly {@link bedside.v1.Gap.verify|verify} messages.
             * @param message Gap message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.Gap.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Gap message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.Gap & bedside.v1.Gap.$Shape} Gap
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.Gap & bedside.v1.Gap.$Shape;
        }

        namespace Gap {

            /** Properties of a Gap. */
            interface $Properties {

                /** Gap run */
                run?: (number|Long);

                /** Gap epoch */
                epoch?: number;

                /** Gap stream */
                stream?: bedside.v1.Stream;

                /** Gap nFirst */
                nFirst?: (number|Long);

                /** Gap nLast */
                nLast?: (number|Long);

                /** Gap reason */
                reason?: string;

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Gap. */
            type $Shape = bedside.v1.Gap.$Properties;
        }

        /**
         * Properties of a RunEnded.
         * @deprecated Use bedside.v1.RunEnded.$Properties instead.
         */
        interface IRunEnded extends bedside.v1.RunEnded.$Properties {
        }

        /** Represents a RunEnded. */
        class RunEnded {

            /**
             * Constructs a new RunEnded.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.RunEnded.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** RunEnded run. */
            run: (number|Long);

            /** RunEnded how. */
            how: bedside.v1.RunEnd;

            /** RunEnded windowMs. */
            windowMs: number;

            /** RunEnded last. */
            last: bedside.v1.LastKnown[];

            /**
             * Encodes the specified RunEnded message. Does not implicitly {@link bedside.v1.RunEnded.verify|verify} messages.
             * @param message RunEnded message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.RunEnded.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RunEnded message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.RunEnded & bedside.v1.RunEnded.$Shape} RunEnded
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.RunEnded & bedside.v1.RunEnded.$Shape;
        }

        namespace RunEnded {

            /** Properties of a RunEnded. */
            interface $Properties {

                /** RunEnded run */
                run?: (number|Long);

                /** RunEnded how */
                how?: bedside.v1.RunEnd;

                /** RunEnded windowMs */
                windowMs?: number;

                /** RunEnded last */
                last?: bedside.v1.LastKnown.$Properties[];

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a RunEnded. */
            type $Shape = bedside.v1.RunEnded.$Properties;
        }

        /** RunEnd enum. */
        enum RunEnd {

            /** RUN_END_UNSPECIFIED value */
            RUN_END_UNSPECIFIED = 0,

            /** RUN_END_CLEAN value */
            RUN_END_CLEAN = 1,

            /** RUN_END_KILLED value */
            RUN_END_KILLED = 2,

            /** RUN_END_POWER value */
            RUN_END_POWER = 3
        }

        /**
         * Properties of a LastKnown.
         * @deprecated Use bedside.v1.LastKnown.$Properties instead.
         */
        interface ILastKnown extends bedside.v1.LastKnown.$Properties {
        }

        /** Represents a LastKnown. */
        class LastKnown {

            /**
             * Constructs a new LastKnown.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.LastKnown.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** LastKnown epoch. */
            epoch: number;

            /** LastKnown stream. */
            stream: bedside.v1.Stream;

            /** LastKnown n. */
            n: (number|Long);

            /**
             * Encodes the specified LastKnown message. Does not implicitly {@link bedside.v1.LastKnown.verify|verify} messages.
             * @param message LastKnown message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.LastKnown.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a LastKnown message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.LastKnown & bedside.v1.LastKnown.$Shape} LastKnown
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.LastKnown & bedside.v1.LastKnown.$Shape;
        }

        namespace LastKnown {

            /** Properties of a LastKnown. */
            interface $Properties {

                /** LastKnown epoch */
                epoch?: number;

                /** LastKnown stream */
                stream?: bedside.v1.Stream;

                /** LastKnown n */
                n?: (number|Long);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a LastKnown. */
            type $Shape = bedside.v1.LastKnown.$Properties;
        }

        /**
         * Properties of an EpochBegan.
         * @deprecated Use bedside.v1.EpochBegan.$Properties instead.
         */
        interface IEpochBegan extends bedside.v1.EpochBegan.$Properties {
        }

        /** Represents an EpochBegan. */
        class EpochBegan {

            /**
             * Constructs a new EpochBegan.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.EpochBegan.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** EpochBegan location. */
            location: string;

            /** EpochBegan driver. */
            driver: string;

            /** EpochBegan facts. */
            facts: { [k: string]: string };

            /**
             * Encodes the specified EpochBegan message. Does not implicitly {@link bedside.v1.EpochBegan.verify|verify} messages.
             * @param message EpochBegan message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.EpochBegan.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an EpochBegan message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.EpochBegan & bedside.v1.EpochBegan.$Shape} EpochBegan
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.EpochBegan & bedside.v1.EpochBegan.$Shape;
        }

        namespace EpochBegan {

            /** Properties of an EpochBegan. */
            interface $Properties {

                /** EpochBegan location */
                location?: string;

                /** EpochBegan driver */
                driver?: string;

                /** EpochBegan facts */
                facts?: { [k: string]: string };

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an EpochBegan. */
            type $Shape = bedside.v1.EpochBegan.$Properties;
        }

        /**
         * Properties of an EpochEnded.
         * @deprecated Use bedside.v1.EpochEnded.$Properties instead.
         */
        interface IEpochEnded extends bedside.v1.EpochEnded.$Properties {
        }

        /** Represents an EpochEnded. */
        class EpochEnded {

            /**
             * Constructs a new EpochEnded.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.EpochEnded.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** EpochEnded reason. */
            reason: string;

            /** EpochEnded last. */
            last: bedside.v1.LastKnown[];

            /**
             * Encodes the specified EpochEnded message. Does not implicitly {@link bedside.v1.EpochEnded.verify|verify} messages.
             * @param message EpochEnded message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.EpochEnded.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an EpochEnded message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.EpochEnded & bedside.v1.EpochEnded.$Shape} EpochEnded
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.EpochEnded & bedside.v1.EpochEnded.$Shape;
        }

        namespace EpochEnded {

            /** Properties of an EpochEnded. */
            interface $Properties {

                /** EpochEnded reason */
                reason?: string;

                /** EpochEnded last */
                last?: bedside.v1.LastKnown.$Properties[];

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an EpochEnded. */
            type $Shape = bedside.v1.EpochEnded.$Properties;
        }

        /**
         * Properties of an Admission.
         * @deprecated Use bedside.v1.Admission.$Properties instead.
         */
        interface IAdmission extends bedside.v1.Admission.$Properties {
        }

        /** Represents an Admission. */
        class Admission {

            /**
             * Constructs a new Admission.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.Admission.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Admission location. */
            location: string;

            /** Admission path. */
            path: string;

            /** Admission verdict. */
            verdict: bedside.v1.Verdict;

            /** Admission rule. */
            rule: string;

            /** Admission reasons. */
            reasons: string[];

            /** Admission device. */
            device: string;

            /** Admission facts. */
            facts: { [k: string]: string };

            /**
             * Encodes the specified Admission message. Does not implicitly {@link bedside.v1.Admission.verify|verify} messages.
             * @param message Admission message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.Admission.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an Admission message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.Admission & bedside.v1.Admission.$Shape} Admission
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.Admission & bedside.v1.Admission.$Shape;
        }

        namespace Admission {

            /** Properties of an Admission. */
            interface $Properties {

                /** Admission location */
                location?: string;

                /** Admission path */
                path?: string;

                /** Admission verdict */
                verdict?: bedside.v1.Verdict;

                /** Admission rule */
                rule?: string;

                /** Admission reasons */
                reasons?: string[];

                /** Admission device */
                device?: string;

                /** Admission facts */
                facts?: { [k: string]: string };

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an Admission. */
            type $Shape = bedside.v1.Admission.$Properties;
        }

        /** Verdict enum. */
        enum Verdict {

            /** VERDICT_UNSPECIFIED value */
            VERDICT_UNSPECIFIED = 0,

            /** VERDICT_ALLOW value */
            VERDICT_ALLOW = 1,

            /** VERDICT_BLOCK value */
            VERDICT_BLOCK = 2,

            /** VERDICT_REJECT value */
            VERDICT_REJECT = 3
        }

        /**
         * Properties of an IdentityLearned.
         * @deprecated Use bedside.v1.IdentityLearned.$Properties instead.
         */
        interface IIdentityLearned extends bedside.v1.IdentityLearned.$Properties {
        }

        /** Represents an IdentityLearned. */
        class IdentityLearned {

            /**
             * Constructs a new IdentityLearned.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.IdentityLearned.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** IdentityLearned facts. */
            facts: { [k: string]: string };

            /**
             * Encodes the specified IdentityLearned message. Does not implicitly {@link bedside.v1.IdentityLearned.verify|verify} messages.
             * @param message IdentityLearned message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.IdentityLearned.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an IdentityLearned message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.IdentityLearned & bedside.v1.IdentityLearned.$Shape} IdentityLearned
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.IdentityLearned & bedside.v1.IdentityLearned.$Shape;
        }

        namespace IdentityLearned {

            /** Properties of an IdentityLearned. */
            interface $Properties {

                /** IdentityLearned facts */
                facts?: { [k: string]: string };

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an IdentityLearned. */
            type $Shape = bedside.v1.IdentityLearned.$Properties;
        }

        /**
         * Properties of a Discards.
         * @deprecated Use bedside.v1.Discards.$Properties instead.
         */
        interface IDiscards extends bedside.v1.Discards.$Properties {
        }

        /** Represents a Discards. */
        class Discards {

            /**
             * Constructs a new Discards.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.Discards.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Discards location. */
            location: string;

            /** Discards bytes. */
            bytes: (number|Long);

            /** Discards framesBroken. */
            framesBroken: (number|Long);

            /** Discards reason. */
            reason: string;

            /** Discards readings. */
            readings: (number|Long);

            /** Discards about. */
            about: string;

            /**
             * Encodes the specified Discards message. Does not implicitly {@link bedside.v1.Discards.verify|verify} messages.
             * @param message Discards message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.Discards.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Discards message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.Discards & bedside.v1.Discards.$Shape} Discards
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.Discards & bedside.v1.Discards.$Shape;
        }

        namespace Discards {

            /** Properties of a Discards. */
            interface $Properties {

                /** Discards location */
                location?: string;

                /** Discards bytes */
                bytes?: (number|Long);

                /** Discards framesBroken */
                framesBroken?: (number|Long);

                /** Discards reason */
                reason?: string;

                /** Discards readings */
                readings?: (number|Long);

                /** Discards about */
                about?: string;

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Discards. */
            type $Shape = bedside.v1.Discards.$Properties;
        }

        /**
         * Properties of a FaultRaised.
         * @deprecated Use bedside.v1.FaultRaised.$Properties instead.
         */
        interface IFaultRaised extends bedside.v1.FaultRaised.$Properties {
        }

        /** Represents a FaultRaised. */
        class FaultRaised {

            /**
             * Constructs a new FaultRaised.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.FaultRaised.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** FaultRaised key. */
            key: string;

            /** FaultRaised number. */
            number: string;

            /** FaultRaised text. */
            text: string;

            /** FaultRaised ended. */
            ended: boolean;

            /** FaultRaised location. */
            location: string;

            /**
             * Encodes the specified FaultRaised message. Does not implicitly {@link bedside.v1.FaultRaised.verify|verify} messages.
             * @param message FaultRaised message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.FaultRaised.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a FaultRaised message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.FaultRaised & bedside.v1.FaultRaised.$Shape} FaultRaised
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.FaultRaised & bedside.v1.FaultRaised.$Shape;
        }

        namespace FaultRaised {

            /** Properties of a FaultRaised. */
            interface $Properties {

                /** FaultRaised key */
                key?: string;

                /** FaultRaised number */
                number?: string;

                /** FaultRaised text */
                text?: string;

                /** FaultRaised ended */
                ended?: boolean;

                /** FaultRaised location */
                location?: string;

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a FaultRaised. */
            type $Shape = bedside.v1.FaultRaised.$Properties;
        }

        /**
         * Properties of a Presence.
         * @deprecated Use bedside.v1.Presence.$Properties instead.
         */
        interface IPresence extends bedside.v1.Presence.$Properties {
        }

        /** Represents a Presence. */
        class Presence {

            /**
             * Constructs a new Presence.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.Presence.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Presence gateway. */
            gateway: string;

            /** Presence run. */
            run: (number|Long);

            /** Presence startCount. */
            startCount: number;

            /** Presence connection. */
            connection: number;

            /** Presence birth. */
            birth: (bedside.v1.Birth|null);

            /** Presence death. */
            death: (bedside.v1.Death|null);

            /** Presence state. */
            state?: ("birth"|"death");

            /**
             * Encodes the specified Presence message. Does not implicitly {@link bedside.v1.Presence.verify|verify} messages.
             * @param message Presence message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.Presence.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Presence message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.Presence & bedside.v1.Presence.$Shape} Presence
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.Presence & bedside.v1.Presence.$Shape;
        }

        namespace Presence {

            /** Properties of a Presence. */
            interface $Properties {

                /** Presence gateway */
                gateway?: string;

                /** Presence run */
                run?: (number|Long);

                /** Presence startCount */
                startCount?: number;

                /** Presence connection */
                connection?: number;

                /** Presence birth */
                birth?: (bedside.v1.Birth.$Properties|null);

                /** Presence death */
                death?: (bedside.v1.Death.$Properties|null);

                /** Presence state */
                state?: ("birth"|"death");

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Narrowed shape of a Presence. */
            type $Shape = {
              gateway?: string;
              run?: number|Long;
              startCount?: number;
              connection?: number;
              birth?: bedside.v1.Birth.$Shape|null;
              death?: bedside.v1.Death.$Shape|null;
              $unknowns?: Uint8Array[];
            } & (
              ({ state?: undefined; birth?: null; death?: null }|{ state?: "birth"; birth: bedside.v1.Birth.$Shape; death?: null }|{ state?: "death"; birth?: null; death: bedside.v1.Death.$Shape })
            );
        }

        /**
         * Properties of a Birth.
         * @deprecated Use bedside.v1.Birth.$Properties instead.
         */
        interface IBirth extends bedside.v1.Birth.$Properties {
        }

        /** Represents a Birth. */
        class Birth {

            /**
             * Constructs a new Birth.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.Birth.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Birth nonce. */
            nonce: Uint8Array;

            /** Birth version. */
            version: string;

            /** Birth bootId. */
            bootId: Uint8Array;

            /** Birth clock. */
            clock: bedside.v1.ClockMapping;

            /** Birth devices. */
            devices: bedside.v1.DeviceState[];

            /** Birth ports. */
            ports: bedside.v1.Admission[];

            /** Birth description. */
            description: string;

            /**
             * Encodes the specified Birth message. Does not implicitly {@link bedside.v1.Birth.verify|verify} messages.
             * @param message Birth message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.Birth.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Birth message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.Birth & bedside.v1.Birth.$Shape} Birth
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.Birth & bedside.v1.Birth.$Shape;
        }

        namespace Birth {

            /** Properties of a Birth. */
            interface $Properties {

                /** Birth nonce */
                nonce?: Uint8Array;

                /** Birth version */
                version?: string;

                /** Birth bootId */
                bootId?: Uint8Array;

                /** Birth clock */
                clock?: bedside.v1.ClockMapping.$Properties;

                /** Birth devices */
                devices?: bedside.v1.DeviceState.$Properties[];

                /** Birth ports */
                ports?: bedside.v1.Admission.$Properties[];

                /** Birth description */
                description?: string;

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Birth. */
            type $Shape = bedside.v1.Birth.$Properties;
        }

        /**
         * Properties of a Death.
         * @deprecated Use bedside.v1.Death.$Properties instead.
         */
        interface IDeath extends bedside.v1.Death.$Properties {
        }

        /** Represents a Death. */
        class Death {

            /**
             * Constructs a new Death.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.Death.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Death cause. */
            cause: bedside.v1.DeathCause;

            /**
             * Encodes the specified Death message. Does not implicitly {@link bedside.v1.Death.verify|verify} messages.
             * @param message Death message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.Death.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Death message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.Death & bedside.v1.Death.$Shape} Death
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.Death & bedside.v1.Death.$Shape;
        }

        namespace Death {

            /** Properties of a Death. */
            interface $Properties {

                /** Death cause */
                cause?: bedside.v1.DeathCause;

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Death. */
            type $Shape = bedside.v1.Death.$Properties;
        }

        /** DeathCause enum. */
        enum DeathCause {

            /** DEATH_CAUSE_UNSPECIFIED value */
            DEATH_CAUSE_UNSPECIFIED = 0,

            /** DEATH_CAUSE_LOST value */
            DEATH_CAUSE_LOST = 1,

            /** DEATH_CAUSE_STOPPED value */
            DEATH_CAUSE_STOPPED = 2
        }

        /**
         * Properties of a DeviceState.
         * @deprecated Use bedside.v1.DeviceState.$Properties instead.
         */
        interface IDeviceState extends bedside.v1.DeviceState.$Properties {
        }

        /** Represents a DeviceState. */
        class DeviceState {

            /**
             * Constructs a new DeviceState.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.DeviceState.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** DeviceState device. */
            device: bedside.v1.Device;

            /** DeviceState liveness. */
            liveness: bedside.v1.Liveness;

            /** DeviceState sinceUs. */
            sinceUs: (number|Long);

            /** DeviceState conditions. */
            conditions: bedside.v1.ActiveCondition[];

            /** DeviceState facts. */
            facts: { [k: string]: string };

            /** DeviceState location. */
            location: string;

            /** DeviceState driver. */
            driver: string;

            /** DeviceState deviceClock. */
            deviceClock: bedside.v1.DeviceClock;

            /**
             * Encodes the specified DeviceState message. Does not implicitly {@link bedside.v1.DeviceState.verify|verify} messages.
             * @param message DeviceState message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.DeviceState.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a DeviceState message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.DeviceState & bedside.v1.DeviceState.$Shape} DeviceState
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.DeviceState & bedside.v1.DeviceState.$Shape;
        }

        namespace DeviceState {

            /** Properties of a DeviceState. */
            interface $Properties {

                /** DeviceState device */
                device?: bedside.v1.Device.$Properties;

                /** DeviceState liveness */
                liveness?: bedside.v1.Liveness;

                /** DeviceState sinceUs */
                sinceUs?: (number|Long);

                /** DeviceState conditions */
                conditions?: bedside.v1.ActiveCondition.$Properties[];

                /** DeviceState facts */
                facts?: { [k: string]: string };

                /** DeviceState location */
                location?: string;

                /** DeviceState driver */
                driver?: string;

                /** DeviceState deviceClock */
                deviceClock?: bedside.v1.DeviceClock.$Properties;

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a DeviceState. */
            type $Shape = bedside.v1.DeviceState.$Properties;
        }

        /** Liveness enum. */
        enum Liveness {

            /** LIVENESS_UNSPECIFIED value */
            LIVENESS_UNSPECIFIED = 0,

            /** LIVENESS_STREAMING value */
            LIVENESS_STREAMING = 1,

            /** LIVENESS_SILENT value */
            LIVENESS_SILENT = 2,

            /** LIVENESS_GONE value */
            LIVENESS_GONE = 3,

            /** LIVENESS_QUARANTINED value */
            LIVENESS_QUARANTINED = 4
        }

        /**
         * Properties of an ActiveCondition.
         * @deprecated Use bedside.v1.ActiveCondition.$Properties instead.
         */
        interface IActiveCondition extends bedside.v1.ActiveCondition.$Properties {
        }

        /** Represents an ActiveCondition. */
        class ActiveCondition {

            /**
             * Constructs a new ActiveCondition.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.ActiveCondition.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ActiveCondition refid. */
            refid: string;

            /** ActiveCondition code. */
            code: number;

            /** ActiveCondition word. */
            word: string;

            /** ActiveCondition nature. */
            nature: bedside.v1.Nature;

            /** ActiveCondition on. */
            on: string;

            /** ActiveCondition name. */
            name: string;

            /** ActiveCondition priority. */
            priority: bedside.v1.Priority;

            /** ActiveCondition devicePriority. */
            devicePriority: string;

            /** ActiveCondition demo. */
            demo: boolean;

            /** ActiveCondition qualifiers. */
            qualifiers: string[];

            /** ActiveCondition confidence. */
            confidence: bedside.v1.Confidence;

            /**
             * Encodes the specified ActiveCondition message. Does not implicitly {@link bedside.v1.ActiveCondition.verify|verify} messages.
             * @param message ActiveCondition message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.ActiveCondition.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an ActiveCondition message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.ActiveCondition & bedside.v1.ActiveCondition.$Shape} ActiveCondition
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.ActiveCondition & bedside.v1.ActiveCondition.$Shape;
        }

        namespace ActiveCondition {

            /** Properties of an ActiveCondition. */
            interface $Properties {

                /** ActiveCondition refid */
                refid?: string;

                /** ActiveCondition code */
                code?: number;

                /** ActiveCondition word */
                word?: string;

                /** ActiveCondition nature */
                nature?: bedside.v1.Nature;

                /** ActiveCondition on */
                on?: string;

                /** ActiveCondition name */
                name?: string;

                /** ActiveCondition priority */
                priority?: bedside.v1.Priority;

                /** ActiveCondition devicePriority */
                devicePriority?: string;

                /** ActiveCondition demo */
                demo?: boolean;

                /** ActiveCondition qualifiers */
                qualifiers?: string[];

                /** ActiveCondition confidence */
                confidence?: bedside.v1.Confidence;

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an ActiveCondition. */
            type $Shape = bedside.v1.ActiveCondition.$Properties;
        }

        /**
         * Properties of a Health.
         * @deprecated Use bedside.v1.Health.$Properties instead.
         */
        interface IHealth extends bedside.v1.Health.$Properties {
        }

        /** Represents a Health. */
        class Health {

            /**
             * Constructs a new Health.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.Health.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Health gateway. */
            gateway: string;

            /** Health run. */
            run: (number|Long);

            /** Health connection. */
            connection: number;

            /** Health uptimeMs. */
            uptimeMs: (number|Long);

            /** Health clock. */
            clock: bedside.v1.ClockMapping;

            /** Health ledger. */
            ledger: bedside.v1.Ledger;

            /** Health spool. */
            spool: bedside.v1.SpoolHealth;

            /** Health residentBytes. */
            residentBytes: (number|Long);

            /** Health hostFreeBytes. */
            hostFreeBytes: (number|Long);

            /** Health faults. */
            faults: string[];

            /** Health ports. */
            ports: bedside.v1.PortHealth[];

            /** Health startCount. */
            startCount: number;

            /**
             * Encodes the specified Health message. Does not implicitly {@link bedside.v1.Health.verify|verify} messages.
             * @param message Health message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.Health.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Health message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.Health & bedside.v1.Health.$Shape} Health
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.Health & bedside.v1.Health.$Shape;
        }

        namespace Health {

            /** Properties of a Health. */
            interface $Properties {

                /** Health gateway */
                gateway?: string;

                /** Health run */
                run?: (number|Long);

                /** Health connection */
                connection?: number;

                /** Health uptimeMs */
                uptimeMs?: (number|Long);

                /** Health clock */
                clock?: bedside.v1.ClockMapping.$Properties;

                /** Health ledger */
                ledger?: bedside.v1.Ledger.$Properties;

                /** Health spool */
                spool?: bedside.v1.SpoolHealth.$Properties;

                /** Health residentBytes */
                residentBytes?: (number|Long);

                /** Health hostFreeBytes */
                hostFreeBytes?: (number|Long);

                /** Health faults */
                faults?: string[];

                /** Health ports */
                ports?: bedside.v1.PortHealth.$Properties[];

                /** Health startCount */
                startCount?: number;

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Health. */
            type $Shape = bedside.v1.Health.$Properties;
        }

        /**
         * Properties of a Ledger.
         * @deprecated Use bedside.v1.Ledger.$Properties instead.
         */
        interface ILedger extends bedside.v1.Ledger.$Properties {
        }

        /** Represents a Ledger. */
        class Ledger {

            /**
             * Constructs a new Ledger.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.Ledger.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Ledger streams. */
            streams: bedside.v1.StreamLedger[];

            /** Ledger unexplained. */
            unexplained: (number|Long);

            /**
             * Encodes the specified Ledger message. Does not implicitly {@link bedside.v1.Ledger.verify|verify} messages.
             * @param message Ledger message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.Ledger.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Ledger message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.Ledger & bedside.v1.Ledger.$Shape} Ledger
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.Ledger & bedside.v1.Ledger.$Shape;
        }

        namespace Ledger {

            /** Properties of a Ledger. */
            interface $Properties {

                /** Ledger streams */
                streams?: bedside.v1.StreamLedger.$Properties[];

                /** Ledger unexplained */
                unexplained?: (number|Long);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Ledger. */
            type $Shape = bedside.v1.Ledger.$Properties;
        }

        /**
         * Properties of a StreamLedger.
         * @deprecated Use bedside.v1.StreamLedger.$Properties instead.
         */
        interface IStreamLedger extends bedside.v1.StreamLedger.$Properties {
        }

        /** Represents a StreamLedger. */
        class StreamLedger {

            /**
             * Constructs a new StreamLedger.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.StreamLedger.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** StreamLedger stream. */
            stream: bedside.v1.Stream;

            /** StreamLedger made. */
            made: (number|Long);

            /** StreamLedger adopted. */
            adopted: (number|Long);

            /** StreamLedger delivered. */
            delivered: (number|Long);

            /** StreamLedger dropped. */
            dropped: (number|Long);

            /** StreamLedger waiting. */
            waiting: (number|Long);

            /** StreamLedger expired. */
            expired: (number|Long);

            /**
             * Encodes the specified StreamLedger message. Does not implicitly {@link bedside.v1.StreamLedger.verify|verify} messages.
             * @param message StreamLedger message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.StreamLedger.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a StreamLedger message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.StreamLedger & bedside.v1.StreamLedger.$Shape} StreamLedger
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.StreamLedger & bedside.v1.StreamLedger.$Shape;
        }

        namespace StreamLedger {

            /** Properties of a StreamLedger. */
            interface $Properties {

                /** StreamLedger stream */
                stream?: bedside.v1.Stream;

                /** StreamLedger made */
                made?: (number|Long);

                /** StreamLedger adopted */
                adopted?: (number|Long);

                /** StreamLedger delivered */
                delivered?: (number|Long);

                /** StreamLedger dropped */
                dropped?: (number|Long);

                /** StreamLedger waiting */
                waiting?: (number|Long);

                /** StreamLedger expired */
                expired?: (number|Long);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a StreamLedger. */
            type $Shape = bedside.v1.StreamLedger.$Properties;
        }

        /**
         * Properties of a SpoolHealth.
         * @deprecated Use bedside.v1.SpoolHealth.$Properties instead.
         */
        interface ISpoolHealth extends bedside.v1.SpoolHealth.$Properties {
        }

        /** Represents a SpoolHealth. */
        class SpoolHealth {

            /**
             * Constructs a new SpoolHealth.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.SpoolHealth.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** SpoolHealth ringBytes. */
            ringBytes: (number|Long);

            /** SpoolHealth flashBytes. */
            flashBytes: (number|Long);

            /** SpoolHealth flashWrittenBytes. */
            flashWrittenBytes: (number|Long);

            /** SpoolHealth windowMs. */
            windowMs: number;

            /** SpoolHealth degraded. */
            degraded: boolean;

            /**
             * Encodes the specified SpoolHealth message. Does not implicitly {@link bedside.v1.SpoolHealth.verify|verify} messages.
             * @param message SpoolHealth message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.SpoolHealth.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a SpoolHealth message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.SpoolHealth & bedside.v1.SpoolHealth.$Shape} SpoolHealth
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.SpoolHealth & bedside.v1.SpoolHealth.$Shape;
        }

        namespace SpoolHealth {

            /** Properties of a SpoolHealth. */
            interface $Properties {

                /** SpoolHealth ringBytes */
                ringBytes?: (number|Long);

                /** SpoolHealth flashBytes */
                flashBytes?: (number|Long);

                /** SpoolHealth flashWrittenBytes */
                flashWrittenBytes?: (number|Long);

                /** SpoolHealth windowMs */
                windowMs?: number;

                /** SpoolHealth degraded */
                degraded?: boolean;

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a SpoolHealth. */
            type $Shape = bedside.v1.SpoolHealth.$Properties;
        }

        /**
         * Properties of a PortHealth.
         * @deprecated Use bedside.v1.PortHealth.$Properties instead.
         */
        interface IPortHealth extends bedside.v1.PortHealth.$Properties {
        }

        /** Represents a PortHealth. */
        class PortHealth {

            /**
             * Constructs a new PortHealth.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.PortHealth.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** PortHealth location. */
            location: string;

            /** PortHealth bytes. */
            bytes: (number|Long);

            /** PortHealth frames. */
            frames: (number|Long);

            /** PortHealth discarded. */
            discarded: (number|Long);

            /** PortHealth pending. */
            pending: (number|Long);

            /** PortHealth framed. */
            framed: (number|Long);

            /**
             * Encodes the specified PortHealth message. Does not implicitly {@link bedside.v1.PortHealth.verify|verify} messages.
             * @param message PortHealth message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.PortHealth.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a PortHealth message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.PortHealth & bedside.v1.PortHealth.$Shape} PortHealth
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.PortHealth & bedside.v1.PortHealth.$Shape;
        }

        namespace PortHealth {

            /** Properties of a PortHealth. */
            interface $Properties {

                /** PortHealth location */
                location?: string;

                /** PortHealth bytes */
                bytes?: (number|Long);

                /** PortHealth frames */
                frames?: (number|Long);

                /** PortHealth discarded */
                discarded?: (number|Long);

                /** PortHealth pending */
                pending?: (number|Long);

                /** PortHealth framed */
                framed?: (number|Long);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a PortHealth. */
            type $Shape = bedside.v1.PortHealth.$Properties;
        }

        /**
         * Properties of a SignedDocument.
         * @deprecated Use bedside.v1.SignedDocument.$Properties instead.
         */
        interface ISignedDocument extends bedside.v1.SignedDocument.$Properties {
        }

        /** Represents a SignedDocument. */
        class SignedDocument {

            /**
             * Constructs a new SignedDocument.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.SignedDocument.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** SignedDocument payload. */
            payload: Uint8Array;

            /** SignedDocument signatures. */
            signatures: bedside.v1.Signature[];

            /**
             * Encodes the specified SignedDocument message. Does not implicitly {@link bedside.v1.SignedDocument.verify|verify} messages.
             * @param message SignedDocument message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.SignedDocument.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a SignedDocument message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.SignedDocument & bedside.v1.SignedDocument.$Shape} SignedDocument
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.SignedDocument & bedside.v1.SignedDocument.$Shape;
        }

        namespace SignedDocument {

            /** Properties of a SignedDocument. */
            interface $Properties {

                /** SignedDocument payload */
                payload?: Uint8Array;

                /** SignedDocument signatures */
                signatures?: bedside.v1.Signature.$Properties[];

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a SignedDocument. */
            type $Shape = bedside.v1.SignedDocument.$Properties;
        }

        /**
         * Properties of a Signature.
         * @deprecated Use bedside.v1.Signature.$Properties instead.
         */
        interface ISignature extends bedside.v1.Signature.$Properties {
        }

        /** Represents a Signature. */
        class Signature {

            /**
             * Constructs a new Signature.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.Signature.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Signature keyId. */
            keyId: string;

            /** Signature role. */
            role: string;

            /** Signature ed25519. */
            ed25519: Uint8Array;

            /**
             * Encodes the specified Signature message. Does not implicitly {@link bedside.v1.Signature.verify|verify} messages.
             * @param message Signature message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.Signature.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Signature message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.Signature & bedside.v1.Signature.$Shape} Signature
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.Signature & bedside.v1.Signature.$Shape;
        }

        namespace Signature {

            /** Properties of a Signature. */
            interface $Properties {

                /** Signature keyId */
                keyId?: string;

                /** Signature role */
                role?: string;

                /** Signature ed25519 */
                ed25519?: Uint8Array;

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Signature. */
            type $Shape = bedside.v1.Signature.$Properties;
        }

        /**
         * Properties of a Reported.
         * @deprecated Use bedside.v1.Reported.$Properties instead.
         */
        interface IReported extends bedside.v1.Reported.$Properties {
        }

        /** Represents a Reported. */
        class Reported {

            /**
             * Constructs a new Reported.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.Reported.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Reported gateway. */
            gateway: string;

            /** Reported kind. */
            kind: string;

            /** Reported generation. */
            generation: (number|Long);

            /** Reported sha256. */
            sha256: Uint8Array;

            /** Reported status. */
            status: bedside.v1.DocumentStatus;

            /** Reported refusals. */
            refusals: bedside.v1.Refusal[];

            /**
             * Encodes the specified Reported message. Does not implicitly {@link bedside.v1.Reported.verify|verify} messages.
             * @param message Reported message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.Reported.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Reported message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.Reported & bedside.v1.Reported.$Shape} Reported
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.Reported & bedside.v1.Reported.$Shape;
        }

        namespace Reported {

            /** Properties of a Reported. */
            interface $Properties {

                /** Reported gateway */
                gateway?: string;

                /** Reported kind */
                kind?: string;

                /** Reported generation */
                generation?: (number|Long);

                /** Reported sha256 */
                sha256?: Uint8Array;

                /** Reported status */
                status?: bedside.v1.DocumentStatus;

                /** Reported refusals */
                refusals?: bedside.v1.Refusal.$Properties[];

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Reported. */
            type $Shape = bedside.v1.Reported.$Properties;
        }

        /** DocumentStatus enum. */
        enum DocumentStatus {

            /** DOCUMENT_STATUS_UNSPECIFIED value */
            DOCUMENT_STATUS_UNSPECIFIED = 0,

            /** DOCUMENT_STATUS_NONE value */
            DOCUMENT_STATUS_NONE = 1,

            /** DOCUMENT_STATUS_TRIAL value */
            DOCUMENT_STATUS_TRIAL = 2,

            /** DOCUMENT_STATUS_APPLIED value */
            DOCUMENT_STATUS_APPLIED = 3,

            /** DOCUMENT_STATUS_REVERTED value */
            DOCUMENT_STATUS_REVERTED = 4
        }

        /**
         * Properties of a Refusal.
         * @deprecated Use bedside.v1.Refusal.$Properties instead.
         */
        interface IRefusal extends bedside.v1.Refusal.$Properties {
        }

        /** Represents a Refusal. */
        class Refusal {

            /**
             * Constructs a new Refusal.
             * @param [properties] Properties to set
             */
            constructor(properties?: bedside.v1.Refusal.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Refusal generation. */
            generation: (number|Long);

            /** Refusal sha256. */
            sha256: Uint8Array;

            /** Refusal key. */
            key: string;

            /** Refusal path. */
            path: string;

            /** Refusal text. */
            text: string;

            /**
             * Encodes the specified Refusal message. Does not implicitly {@link bedside.v1.Refusal.verify|verify} messages.
             * @param message Refusal message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: bedside.v1.Refusal.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Refusal message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {bedside.v1.Refusal & bedside.v1.Refusal.$Shape} Refusal
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): bedside.v1.Refusal & bedside.v1.Refusal.$Shape;
        }

        namespace Refusal {

            /** Properties of a Refusal. */
            interface $Properties {

                /** Refusal generation */
                generation?: (number|Long);

                /** Refusal sha256 */
                sha256?: Uint8Array;

                /** Refusal key */
                key?: string;

                /** Refusal path */
                path?: string;

                /** Refusal text */
                text?: string;

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Refusal. */
            type $Shape = bedside.v1.Refusal.$Properties;
        }
    }
}
