import com.hivemq.embedded.EmbeddedExtension;
import com.hivemq.embedded.EmbeddedHiveMQ;
import com.hivemq.extension.sdk.api.ExtensionMain;
import com.hivemq.extension.sdk.api.auth.SimpleAuthenticator;
import com.hivemq.extension.sdk.api.auth.parameter.SimpleAuthInput;
import com.hivemq.extension.sdk.api.auth.parameter.SimpleAuthOutput;
import com.hivemq.extension.sdk.api.auth.parameter.TopicPermission;
import com.hivemq.extension.sdk.api.packets.auth.DefaultAuthorizationBehaviour;
import com.hivemq.extension.sdk.api.packets.connect.ConnackReasonCode;
import com.hivemq.extension.sdk.api.parameter.ExtensionStartInput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStartOutput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStopInput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStopOutput;
import com.hivemq.extension.sdk.api.services.Services;
import com.hivemq.extension.sdk.api.services.builder.Builders;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.Date;
import java.util.HexFormat;
import java.util.List;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;

/**
 * HiveMQ CE for Bedside gateways, from the same files as mosquitto: in the folder BROKER_CONFIG lie ca.crt, server.crt,
 * server.key (PKCS#8), acl and, where certificates may be revoked, ca.crl. The certificate is the login: its CN is the name
 * in the access rules and must be the client id. What no rule allows is denied. BROKER_DATA is written to.
 */
public final class Broker {
  /** A CN goes into topics, so that nothing that means something there may be in it. */
  private static final String NAME = "[A-Za-z0-9_.-]{1,64}";

  public static void main(String[] args) throws Exception {
    Path config = Path.of(given("BROKER_CONFIG")).toAbsolutePath();
    Path data = Path.of(given("BROKER_DATA")).toAbsolutePath();
    List<Rule> rules = readRules(config.resolve("acl"));
    Path crl = config.resolve("ca.crl");
    List<X509Certificate> authorities = readCertificates(config.resolve("ca.crt"));
    Files.createDirectories(data);
    writeStores(config, data, authorities);
    // Whether certificates may be revoked is decided here: a list that goes missing later must not let everybody in.
    Doorkeeper doorkeeper = new Doorkeeper(rules, Files.exists(crl) ? crl : null, authorities);
    EmbeddedHiveMQ broker = EmbeddedHiveMQ.builder()
      .withConfigurationFolder(Path.of(given("BROKER_HIVEMQ")))
      .withDataFolder(Files.createDirectories(data.resolve("data")))
      .withExtensionsFolder(Files.createDirectories(data.resolve("extensions")))
      .withEmbeddedExtension(extension(doorkeeper))
      .build();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> broker.stop().join()));
    broker.start().join();
    checkListener(given("BROKER_ADDRESS"), Integer.parseInt(given("BROKER_PORT")));
    System.err.println("hivemq running");
  }

  /** Where HiveMQ cannot read its config.xml it starts with a plain listener on 1883 instead, and says so in its log only. */
  private static void checkListener(String address, int port) {
    try {
      new Socket(address, port).close();
    } catch (IOException caught) {
      System.err.println("HiveMQ does not listen on " + address + ":" + port + ": it did not take config.xml, see the lines above");
      System.exit(1);
    }
  }

  private static String given(String name) {
    String value = System.getenv(name);
    if (value == null || value.isEmpty()) throw new IllegalArgumentException(name + " is not set in the environment");
    return value;
  }

  // --- access rules, in mosquitto's form ---

  /** Of everybody where `user` is null. */
  record Rule(String user, String topic, TopicPermission.MqttActivity activity) {}

  private static List<Rule> readRules(Path path) throws IOException {
    List<Rule> rules = new ArrayList<>();
    String user = null;
    for (String line : Files.readAllLines(path)) {
      String[] words = line.strip().split("\\s+");
      if (line.isBlank() || words[0].startsWith("#")) continue;
      boolean pattern = words[0].equals("pattern");
      if (words[0].equals("user") && words.length == 2) user = words[1];
      else if (words.length == 3 && (pattern || (words[0].equals("topic") && user != null)))
        rules.add(new Rule(pattern ? null : user, words[2], activityOf(words[1])));
      else throw new IllegalArgumentException(path + " has a line that is not understood: " + line);
    }
    return rules;
  }

  private static TopicPermission.MqttActivity activityOf(String word) {
    return switch (word) {
      case "read" -> TopicPermission.MqttActivity.SUBSCRIBE;
      case "write" -> TopicPermission.MqttActivity.PUBLISH;
      case "readwrite" -> TopicPermission.MqttActivity.ALL;
      default -> throw new IllegalArgumentException("read, write or readwrite was expected, not " + word);
    };
  }

  // --- who may enter ---

  record Doorkeeper(List<Rule> rules, Path crl, List<X509Certificate> authorities) implements SimpleAuthenticator {
    @Override
    public void onConnect(SimpleAuthInput input, SimpleAuthOutput output) {
      X509Certificate certificate = input.getConnectionInformation().getClientTlsInformation().orElseThrow().getClientCertificate().orElseThrow();
      String name = nameOf(certificate);
      String revoked = crl == null ? null : revoked(certificate);
      if (name == null || !name.matches(NAME)) {
        output.failAuthentication(ConnackReasonCode.NOT_AUTHORIZED, "the CN of the certificate is no name that topics can have");
      } else if (revoked != null) {
        output.failAuthentication(ConnackReasonCode.NOT_AUTHORIZED, revoked);
      } else if (!name.equals(input.getConnectPacket().getClientId())) {
        output.failAuthentication(ConnackReasonCode.CLIENT_IDENTIFIER_NOT_VALID, "the client id must be the CN of the certificate");
      } else {
        var permissions = output.getDefaultPermissions();
        permissions.setDefaultBehaviour(DefaultAuthorizationBehaviour.DENY);
        for (Rule rule : rules) {
          if (rule.user() != null && !rule.user().equals(name)) continue;
          String topic = rule.user() == null ? rule.topic().replace("%u", name) : rule.topic();
          permissions.add(Builders.topicPermission().topicFilter(topic).activity(rule.activity())
            .type(TopicPermission.PermissionType.ALLOW).build());
        }
        output.authenticateSuccessfully();
      }
    }

    /** Why the certificate is not taken; null where it is. Read at each CONNECT, so that a new list holds at once. */
    private String revoked(X509Certificate certificate) {
      try (InputStream in = Files.newInputStream(crl)) {
        X509CRL list = (X509CRL) CertificateFactory.getInstance("X.509").generateCRL(in);
        for (X509Certificate authority : authorities) {
          if (authority.getSubjectX500Principal().equals(list.getIssuerX500Principal())) {
            list.verify(authority.getPublicKey());
            if (list.getNextUpdate() == null || list.getNextUpdate().before(new Date())) return "the revocation list is out of date";
            return list.isRevoked(certificate) ? "the certificate was revoked" : null;
          }
        }
        return "the revocation list is of another authority";
      } catch (IOException | GeneralSecurityException caught) {
        return "the revocation list cannot be used: " + caught.getMessage();
      }
    }
  }

  private static String nameOf(X509Certificate certificate) {
    try {
      var parts = new LdapName(certificate.getSubjectX500Principal().getName()).getRdns();
      var names = parts.stream().filter(part -> part.getType().equalsIgnoreCase("CN")).toList();
      return names.size() == 1 ? names.get(0).getValue().toString() : null;
    } catch (InvalidNameException caught) {
      return null;
    }
  }

  private static EmbeddedExtension extension(Doorkeeper doorkeeper) {
    ExtensionMain main = new ExtensionMain() {
      @Override
      public void extensionStart(ExtensionStartInput input, ExtensionStartOutput output) {
        Services.securityRegistry().setAuthenticatorProvider(ignored -> doorkeeper);
      }

      @Override
      public void extensionStop(ExtensionStopInput input, ExtensionStopOutput output) {}
    };
    return EmbeddedExtension.builder().withId("bedside").withName("Bedside").withVersion("1").withAuthor("Bedside")
      .withPriority(0).withStartPriority(1000).withExtensionMain(main).build();
  }

  // --- PEM files into what Java reads ---

  private static void writeStores(Path config, Path data, List<X509Certificate> authorities) throws IOException, GeneralSecurityException {
    byte[] drawn = new byte[16];
    new SecureRandom().nextBytes(drawn);
    String password = HexFormat.of().formatHex(drawn);
    KeyStore keys = KeyStore.getInstance("PKCS12");
    keys.load(null, null);
    Certificate[] chain = readCertificates(config.resolve("server.crt")).toArray(Certificate[]::new);
    keys.setKeyEntry("server", readKey(config.resolve("server.key")), password.toCharArray(), chain);
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    for (int at = 0; at < authorities.size(); at++) trusted.setCertificateEntry("ca" + at, authorities.get(at));
    System.setProperty("BROKER_KEYSTORE", write(keys, data.resolve("server.p12"), password));
    System.setProperty("BROKER_TRUSTSTORE", write(trusted, data.resolve("trust.p12"), password));
    System.setProperty("BROKER_STORE_PASSWORD", password);
  }

  private static String write(KeyStore store, Path path, String password) throws IOException, GeneralSecurityException {
    Files.deleteIfExists(path);
    Files.createFile(path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try (OutputStream out = Files.newOutputStream(path)) {
      store.store(out, password.toCharArray());
    }
    return path.toString();
  }

  private static List<X509Certificate> readCertificates(Path path) throws IOException, GeneralSecurityException {
    try (InputStream in = Files.newInputStream(path)) {
      Collection<? extends Certificate> found = CertificateFactory.getInstance("X.509").generateCertificates(in);
      return found.stream().map(X509Certificate.class::cast).toList();
    }
  }

  private static PrivateKey readKey(Path path) throws IOException, GeneralSecurityException {
    String text = Files.readString(path).replaceAll("-----[A-Z ]+-----", "");
    PKCS8EncodedKeySpec spec = new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(text));
    try {
      return KeyFactory.getInstance("EC").generatePrivate(spec);
    } catch (GeneralSecurityException notElliptic) {
      return KeyFactory.getInstance("RSA").generatePrivate(spec);
    }
  }
}
