//! What the parser's words mean, where no line shows the mistake behind them.

use crate::error::Problem;

/// A part of the parser's message; what is wrong, and what to do about it.
const MEANINGS: &[(&str, &str, &str)] = &[
    (
        "tab",
        "a tab stands where YAML takes spaces only",
        "write spaces instead, or quote the text that has it",
    ),
    (
        "BOM",
        "a byte order mark stands within the file",
        "remove it: two files may have been put together",
    ),
    (
        "comment intercepting",
        "a comment stands within a text of several lines",
        "end the text above it, or put the text in quotes",
    ),
    (
        "comments must be separated",
        "a `#` follows text without a blank",
        "write a blank before `#` for a comment, or quote the text that has it",
    ),
    (
        "indentation indicator",
        "a block of text cannot be indented by 0",
        "leave the digit after `|` or `>` out",
    ),
    (
        "block scalar",
        "a block of text is not indented as its first line is",
        "indent every line of it by as many spaces as its first, more than its key",
    ),
    (
        "multiline quoted scalar",
        "a quoted text goes on in a line that is not indented",
        "close its quotes, or indent the line by more than its key",
    ),
    (
        "document indicator",
        "a quote is open where a line `---` or `...` stands",
        "close the quotes at the end of the text",
    ),
    (
        "document end",
        "something follows the `...` that ends the document",
        "remove the line, or what follows it",
    ),
    (
        "directive",
        "a line that begins with `%` speaks to the YAML reader",
        "remove it; a pipeline file needs none",
    ),
    (
        "<document start>",
        "the file goes on where its first value has ended",
        "remove a `%` or a bracket at its beginning, and put every key in one column",
    ),
    (
        "tag",
        "a `!` begins a tag of YAML",
        "quote the text that has it; `type:` beside a value says what it is",
    ),
    (
        "handle",
        "a `!` begins a tag of YAML",
        "quote the text that has it; `type:` beside a value says what it is",
    ),
    (
        "simple key",
        "a key and its colon must stand on one line of at most 1024 characters",
        "write `key: value`, and quote text that runs over several lines",
    ),
    (
        "block sequence",
        "this line is no item of the list above it",
        "begin it with `- ` in the column of the others, or with fewer spaces for a key",
    ),
    (
        "block collection",
        "this line is no item of the list above it",
        "begin it with `- ` in the column of the others, or with fewer spaces for a key",
    ),
    (
        "block mapping",
        "this line is no key of the map above it",
        "write `key: value` in the column of the others",
    ),
    (
        "flow sequence",
        "a comma or the closing `]` is missing before this",
        "write `[a, b]`, and quote text that has brackets or commas",
    ),
    (
        "flow",
        "a comma or the closing `}` is missing before this",
        "write `{ a: 1, b: 2 }`, and quote text that has brackets or commas",
    ),
    (
        "bracket",
        "a bracket opens or closes alone",
        "write its partner, or quote the text that has it",
    ),
    (
        "quote",
        "a quote opens or closes alone",
        "close the quotes at the end of the text",
    ),
    (
        "mapping values",
        "a value stands where no key is open",
        "write `key: value` on a line of its own, and quote text that has `: `",
    ),
];

/// The parser's message in plain words.
pub(super) fn plain(message: &str) -> Problem {
    let found = MEANINGS.iter().find(|(part, ..)| message.contains(part));
    let (_, meaning, hint) = found.copied().unwrap_or((
        "",
        "this cannot be read as YAML",
        "write `key: value`, and quote text that has one of `: # , & * ! | > % @` or a bracket; the mistake may be on the line above",
    ));
    Problem::new(meaning).hint(hint)
}
