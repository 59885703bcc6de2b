/** What YAML's own mistakes mean, by the code that the library gives them. All of the library's are here; of one that a later version brings, its own words are told. */
export const YAML_WORDS: Readonly<Record<string, string>> = {
  DUPLICATE_KEY:          "this key stands twice in one group; keys must be unique, so that nobody has to guess which one holds",
  TAB_AS_INDENT:          "Tabs are not allowed at the beginning of a line; use spaces",
  BAD_INDENT:             "this line does not stand under the ones that it belongs to: the same number of spaces at the beginning, and each [ and { closed",
  MULTIPLE_DOCS:          "a second document begins here (---); one file holds one document",
  TAG_RESOLVE_FAILED:     "a tag (!) is not understood here; write the value alone, in quotes if it begins with !",
  RESOURCE_EXHAUSTION:    "brackets lie too deep in one another",
  MULTILINE_IMPLICIT_KEY: "a key without its colon, or without the blank behind the colon:  key: value",
  MISSING_CHAR:           "something is not closed or not begun: a quote, a bracket, or the dash of a list",
  BLOCK_AS_IMPLICIT_KEY:  "a second colon in one line; put the value in quotes",
  BLOCK_IN_FLOW:          "within [ ] or { } all stands in one notation; do not begin a new indented group there",
  BAD_SCALAR_START:       "a value cannot begin with this sign; put it in quotes",
  BAD_DQ_ESCAPE:          "a backslash within double quotes that means nothing; use single quotes",
  BAD_DIRECTIVE:          "a line that begins with % is not understood here; leave it out",
  UNEXPECTED_TOKEN:       "a sign stands where none can be; perhaps a bracket too many, or a value that wants quotes",
  MULTIPLE_ANCHORS:       "two anchors (&) at one place; write it out instead",
  MULTIPLE_TAGS:          "two tags (!) at one place; write the value alone",
  BAD_ALIAS:              "an anchor (&) or alias (*) without a name; write it out instead",
  ALIAS_PROPS:            "an alias (*) with an anchor or a tag of its own; write it out instead",
  NON_STRING_KEY:         "a key that is no text; put it in quotes",
  BAD_PROP_ORDER:         "an anchor (&) or a tag (!) stands before the sign that it belongs behind; write the value alone",
  BAD_COLLECTION_TYPE:    "a tag (!) says that this is something else than it is; write the value alone",
  IMPOSSIBLE:             "something stands here that cannot; write the line anew",
  KEY_OVER_1024_CHARS:    "a key that is longer than 1024 characters; perhaps a quote is not closed",
};

/** What is found only when the values are made. */
export const YAML_ALIAS_BOMB = "it repeats parts of itself by anchors (&) and aliases (*), and these repeat others, without end; write them out instead";
export const YAML_ALIAS_OF_NOTHING = "an alias (*) that no anchor (&) before it explains; put the value in quotes if it begins with *";
