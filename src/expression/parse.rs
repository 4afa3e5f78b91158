//! From text to `sqlparser`'s tree, with places in bytes.

use super::error::{ExpressionError, Result, TextSpan};
use super::named_type;
use super::text_span;
use sqlparser::ast::Expr;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, Tokenizer};

/// Parts within parts that are still read; a thread's stack would hold some thousands.
pub(super) const MAX_DEPTH: usize = 256;

/// Words and signs in one expression: enough for an `in` of thousands, few enough that the tree of a chain
/// `a + a + …` of them can be dropped on a small stack.
const MAX_TOKENS: usize = 8192;

/// Bytes of one expression: places in it are found by counting from its beginning.
const MAX_BYTES: usize = 256 << 10;

/// Where `sqlparser` stopped, when it says so: its message ends in this.
const LOCATION: &str = " at Line: ";

pub(super) fn parse(sql: &str) -> Result<Expr> {
    let dialect = PostgreSqlDialect {};
    // In two steps, as types of a pipeline file are put together in between: `timestamp(us, UTC)`
    // is no SQL.
    let tokens = Tokenizer::new(&dialect, sql).tokenize_with_location();
    let tokens = tokens.map_err(|error| readable(sql, &error.into()))?;
    // Before parsing: the parser's own limit counts depth, and a wide expression has none.
    if tokens.len() > MAX_TOKENS {
        return Err(whole(sql).error(format!("more than {MAX_TOKENS} words and signs")));
    }
    if sql.len() > MAX_BYTES {
        return Err(whole(sql)
            .error("the expression is longer than 256 KiB")
            .hint("long texts can be columns of their own: `constant`, hidden"));
    }
    let parser = Parser::new(&dialect).with_recursion_limit(MAX_DEPTH);
    let mut parser = parser.with_tokens_with_locations(named_type::joined(sql, tokens));
    let expression = parser.parse_expr().map_err(|error| readable(sql, &error))?;
    let rest = parser.peek_token();
    if rest.token == Token::EOF {
        return shallow(sql, expression);
    }
    let place = text_span::of_span(sql, rest.span);
    let error = place.error(format!("`{}` does not belong here", rest.token));
    let first = match expression {
        Expr::Identifier(name) => name.value.to_lowercase(),
        _ => String::new(),
    };
    Err(match first.as_str() {
        "select" => error.hint("write the expression alone, without `select`"),
        "if" => error.hint(CASE),
        _ => foreign(sql, error),
    })
}

const CASE: &str = "write `case when … then … else … end`";

/// What other languages write, and what stands for it here: where the parser stopped, or just before.
const FOREIGN: &[(&str, &str)] = &[
    ("!", "write `not (…)`"),
    ("**", "write `x ^ 2` for a power"),
    ("{", "a column is named without braces: `id`"),
    ("&&", "conditions are joined with `and`"),
    ("?", CASE),
    ("#", "a comment within an expression begins with `--`"),
];

fn foreign(sql: &str, error: ExpressionError) -> ExpressionError {
    let (before, after) = sql.split_at(error.offset);
    // The power's second star is where the parser stops; a comment's sign may be far before.
    let stopped = |sign: &str| after.starts_with(sign) || before.trim_end().ends_with(sign);
    let known = FOREIGN.iter().find(|(sign, _)| match *sign {
        "**" => before.ends_with('*') && after.starts_with('*'),
        "?" => after.starts_with(':') && before.contains('?'),
        "#" => before.contains(" #"),
        sign => stopped(sign),
    });
    match known {
        Some((_, hint)) => error.hint(*hint),
        None => error,
    }
}

/// Refuses a chain such as `a + a + …` of more links than a thread's stack is sure to hold: the parser limits
/// every other kind of depth.
fn shallow(sql: &str, expression: Expr) -> Result<Expr> {
    let (mut link, mut links) = (&expression, 0);
    while let Some(next) = first_operand(link) {
        (link, links) = (next, links + 1);
    }
    // Such a chain is a tree of one branch: parsed in a loop, but bound, evaluated and dropped by
    // recursion.
    if links > MAX_DEPTH {
        return Err(too_deep(sql));
    }
    Ok(expression)
}

fn first_operand(expression: &Expr) -> Option<&Expr> {
    Some(match expression {
        Expr::BinaryOp { left: first, .. }
        | Expr::Cast { expr: first, .. }
        | Expr::AtTimeZone {
            timestamp: first, ..
        }
        | Expr::InList { expr: first, .. }
        | Expr::Between { expr: first, .. }
        | Expr::Like { expr: first, .. }
        | Expr::ILike { expr: first, .. }
        | Expr::IsNull(first)
        | Expr::IsNotNull(first)
        | Expr::IsTrue(first)
        | Expr::IsNotTrue(first)
        | Expr::IsFalse(first)
        | Expr::IsNotFalse(first)
        | Expr::Nested(first) => first,
        _ => return None,
    })
}

pub(super) fn too_deep(sql: &str) -> ExpressionError {
    whole(sql).error(format!(
        "more than {MAX_DEPTH} parts stand one within the other"
    ))
}

fn whole(sql: &str) -> TextSpan {
    TextSpan {
        offset: 0,
        length: sql.len(),
    }
}

/// The parser's own message in our style: `Expected: ), found: EOF` becomes `expected ), found the end`.
fn readable(sql: &str, error: &ParserError) -> ExpressionError {
    let (ParserError::ParserError(message) | ParserError::TokenizerError(message)) = error else {
        return too_deep(sql);
    };
    let (message, location) = match message.rsplit_once(LOCATION) {
        Some((message, location)) => (message, parse_location(location)),
        None => (message.as_str(), None),
    };
    let offset = location.map_or(sql.len(), |location| text_span::offset(sql, location));
    let message = message
        .replace("Expected: ", "expected ")
        .replace("found: EOF", "found the end");
    let message = match message.split_once("found: ") {
        Some((before, found)) => format!("{before}found `{found}`"),
        None => message,
    };
    let mut letters = message.chars();
    let first = letters
        .next()
        .map_or(String::new(), |letter| letter.to_lowercase().to_string());
    // The parser says where it stopped, not how long what it found is: one character is underlined.
    let length = sql[offset..].chars().next().map_or(0, char::len_utf8);
    let error = TextSpan { offset, length }.error(format!("{first}{}", letters.as_str()));
    foreign(sql, error)
}

fn parse_location(text: &str) -> Option<Location> {
    let (line, column) = text.split_once(", Column: ")?;
    Some(Location {
        line: line.parse().ok()?,
        column: column.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(sql: &str) -> (String, usize, usize) {
        let error = parse(sql).expect_err(sql);
        (error.message, error.offset, error.length)
    }

    #[test]
    fn mistakes_of_grammar_stand_at_their_byte() {
        for (sql, message, offset, length) in [
            ("a +", "expected an expression, found the end", 3, 0),
            ("concat('x', y", "expected ), found the end", 13, 0),
            ("a b", "`b` does not belong here", 2, 1),
            ("select 1", "`1` does not belong here", 7, 1),
            ("'é' || 'unterminated", "unterminated string literal", 8, 1),
            ("x in ()", "expected an expression, found `)`", 6, 1),
            ("'é' +\n  )", "expected an expression, found `)`", 9, 1),
            ("", "expected an expression, found the end", 0, 0),
        ] {
            assert_eq!(refused(sql), (message.to_owned(), offset, length), "{sql}");
        }
    }
}
