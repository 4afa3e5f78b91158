//! Where a part of the tree stands in the text, with what the parser's own spans leave out: the keyword in
//! front, the closing parenthesis, the type of a cast.

use super::error::TextSpan;
use sqlparser::ast::{CastKind, Expr, Spanned};
use sqlparser::tokenizer::{Location, Span};

/// The byte of a line and a column, both counted in characters from 1.
pub(super) fn offset(sql: &str, location: Location) -> usize {
    let line = usize::try_from(location.line).unwrap_or(1);
    let start: usize = sql
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let column = usize::try_from(location.column)
        .unwrap_or(1)
        .saturating_sub(1);
    let rest = &sql[start..];
    start
        + rest
            .char_indices()
            .nth(column)
            .map_or(rest.len(), |(byte, _)| byte)
}

pub(super) fn of_span(sql: &str, span: Span) -> TextSpan {
    let (start, end) = (offset(sql, span.start), offset(sql, span.end));
    TextSpan {
        offset: start,
        length: end.saturating_sub(start),
    }
}

/// The place of a part of the tree; the whole text where the parser kept none.
pub(super) fn of(sql: &str, part: &impl Spanned) -> TextSpan {
    let span = part.span();
    // The parser's way to say that it kept no span: lines begin at 1.
    if span.start.line == 0 {
        return TextSpan {
            offset: 0,
            length: sql.len(),
        };
    }
    of_span(sql, span)
}

/// The place of a whole expression.
pub(super) fn of_expression(sql: &str, expression: &Expr) -> TextSpan {
    let inner = of(sql, expression);
    let begun = match expression {
        Expr::BinaryOp { left, right, .. } => {
            let (left, right) = (of_expression(sql, left), of_expression(sql, right));
            let end = (right.offset + right.length).max(inner.offset + inner.length);
            TextSpan {
                offset: left.offset,
                length: end - left.offset,
            }
        }
        Expr::UnaryOp { op, expr } => after(sql, &op.to_string(), of_expression(sql, expr)),
        Expr::Cast {
            kind: CastKind::DoubleColon,
            expr,
            ..
        } => {
            let value = closed(sql, of_expression(sql, expr));
            let name = type_name(sql, value);
            TextSpan {
                length: name.offset + name.length - value.offset,
                ..value
            }
        }
        Expr::Cast { .. } => after(sql, "cast", inner),
        Expr::Extract { .. } => after(sql, "extract", inner),
        Expr::Floor { .. } => after(sql, "floor", inner),
        Expr::Ceil { .. } => after(sql, "ceil", inner),
        Expr::Position { .. } => after(sql, "position", inner),
        Expr::Substring { .. } => after(sql, "substr", inner),
        Expr::Trim { .. } => after(sql, "trim", inner),
        Expr::Interval(_) => after(sql, "interval", inner),
        Expr::TypedString(typed) => {
            let name = typed.data_type.to_string();
            after(
                sql,
                name.split([' ', '(']).next().unwrap_or_default(),
                inner,
            )
        }
        Expr::Nested(_) => after(sql, "(", inner),
        _ => inner,
    };
    closed(sql, begun)
}

/// The place with the nearest `keyword` before it.
fn after(sql: &str, keyword: &str, place: TextSpan) -> TextSpan {
    // Keywords are ASCII, so the bytes keep their places.
    let before = sql[..place.offset].to_ascii_lowercase();
    match before.rfind(&keyword.to_ascii_lowercase()) {
        Some(start) => TextSpan {
            offset: start,
            length: place.offset + place.length - start,
        },
        None => place,
    }
}

/// The place with the parentheses closed that it opens.
fn closed(sql: &str, place: TextSpan) -> TextSpan {
    let (mut depth, mut quote) = (0, None);
    let end = place.offset + place.length;
    for (byte, letter) in sql[place.offset..].char_indices() {
        if place.offset + byte >= end && depth == 0 && quote.is_none() {
            break;
        }
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (None, '\'' | '"') => quote = Some(letter),
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            _ => {}
        }
        if place.offset + byte >= end && depth == 0 && quote.is_none() {
            return TextSpan {
                length: byte + letter.len_utf8(),
                ..place
            };
        }
    }
    place
}

/// The name of the type that a value is cast to.
pub(super) fn type_name(sql: &str, value: TextSpan) -> TextSpan {
    let end = value.offset + value.length;
    let rest = sql[end..].to_ascii_lowercase();
    let Some((start, sign)) = rest
        .find("::")
        .map(|start| (start, 2))
        .or_else(|| rest.find(" as ").map(|start| (start, 4)))
    else {
        return value;
    };
    let name = &rest[start + sign..];
    let name = name.trim_start();
    let offset = sql.len() - name.len();
    let length = name
        .find(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .unwrap_or(name.len());
    let digits = &name[length..];
    let length = match (digits.starts_with('('), digits.find(')')) {
        (true, Some(end)) => length + end + 1,
        _ => length,
    };
    TextSpan { offset, length }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::parse::parse;

    #[test]
    fn places_cover_what_was_written() {
        for (sql, expected) in [
            ("sqrt(-1) + 2", "sqrt(-1) + 2"),
            ("  a % (b - 1)", "a % (b - 1)"),
            ("floor((a + b))", "floor((a + b))"),
            ("extract( day from (a) )", "extract( day from (a) )"),
            ("a::numeric(10, 2)", "a::numeric(10, 2)"),
            ("(a + b)::text || 'x'", "(a + b)::text || 'x'"),
            ("cast(a as numeric(10, 2))", "cast(a as numeric(10, 2))"),
            ("interval '1 day'", "interval '1 day'"),
            ("- a", "- a"),
            ("not (a)", "not (a)"),
            ("trim(both 'x' from (b))", "trim(both 'x' from (b))"),
            ("date '2020-01-01' + 1", "date '2020-01-01' + 1"),
            ("f(')', \"(\", a)", "f(')', \"(\", a)"),
            ("'é' || \"ü\" ", "'é' || \"ü\""),
        ] {
            let tree = parse(sql).expect(sql);
            let place = of_expression(sql, &tree);
            assert_eq!(&sql[place.offset..place.offset + place.length], expected);
        }
    }
}
