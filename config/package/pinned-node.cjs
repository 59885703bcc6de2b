// Loaded into npm by install.sh. npm leaves out optional packages (the bundler's binary, for one) that do not fit the Node it
// runs on itself, which on Debian 12 and Ubuntu 24.04 is 18. What counts is the Node that will run them: the pinned one.
Object.defineProperty(process, "version", { value: process.env.BEDSIDE_PINNED_NODE });
