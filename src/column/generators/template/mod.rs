//! `template`: text with other columns, row numbers, dates and shuffled numbers in it.

mod parse;
mod render;
mod text_facts;

use arrow::datatypes::DataType;
use schemars::{JsonSchema, json_schema};
use serde::Deserialize;

use self::parse::{Placeholder, PlaceholderFormat, TemplatePiece, parse};
use self::render::{Element, TemplateFill};
use self::text_facts::TextFacts;
use super::Generator;
use crate::column::build::{Build, BuiltColumn};
use crate::column::random::permutation::{Permutation, check_room};
use crate::column::values::types::show_type;
use crate::domain::Domain;
use crate::error::Problem;
use crate::kernel::text::EvenOffsets;
use crate::place::{Placed, Text, Value, by_node, decode};

/// Text with `{…}` in it: `{column}`, `{column.field}`, `{row}` (from 0), `{permute:8}` (a shuffled
/// number of 8 digits), `{number:08}` (at least 8 digits), `{amount:.2}`, `{time:%Y-%m-%d}`.
///
/// `{{` and `}}` are braces. Where a value is null, the text is null.
#[derive(Debug, Clone)]
pub struct Template {
    text: Placed<Text>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TemplateOptions {
    /// The text.
    text: Placed<Text>,
}

impl Generator for Template {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        if build.data_type(DataType::Utf8) != DataType::Utf8 {
            return Err(build.wrong_type("template", "text"));
        }
        let mut elements = Vec::new();
        let mut shapes = Vec::new();
        for piece in parse(&self.text)? {
            let (element, shape) = match piece {
                TemplatePiece::Literal(text) => {
                    (Element::Literal(text.clone()), TextFacts::literal(text))
                }
                TemplatePiece::Placeholder(placeholder) => element(placeholder, build)?,
            };
            elements.push(element);
            shapes.push(shape);
        }
        let domain = text_facts::domain(&shapes);
        let drawn = |element: &Element| matches!(element, Element::Permute(..));
        let pointwise = !elements.iter().any(drawn);
        let render = TemplateFill {
            elements,
            steps: EvenOffsets::default(),
        };
        Ok(BuiltColumn {
            pointwise,
            ..BuiltColumn::new(DataType::Utf8, domain, render)
        })
    }
}

fn element(
    placeholder: Placeholder,
    build: &mut Build<'_>,
) -> Result<(Element, TextFacts), Problem> {
    let Placeholder {
        path,
        format,
        place,
    } = placeholder;
    if let PlaceholderFormat::Permute(digits) = format {
        let count = 10u64.pow(digits);
        check_room(build, &format!("`{{permute:{digits}}}`"), count).map_err(|problem| {
            Problem {
                place: Some(place),
                ..problem
            }
        })?;
        let permutation = Permutation::new(build.key.child("permute"), count);
        let domain = Domain {
            unique: true,
            ..Domain::integers(0, count - 1)
        };
        let format = PlaceholderFormat::Width(digits as usize);
        let shape = TextFacts::value(domain, &DataType::UInt64, &format);
        return Ok((Element::Permute(permutation, digits as usize), shape));
    }
    let input = build.input(&path, &place)?;
    if !format.suits(crate::column::values::arrays::plain_type(&input.data_type)) {
        let message = format!(
            "`{path}` is {}, which cannot be shown {}",
            show_type(&input.data_type),
            how(&format)
        );
        return Err(Problem::new(message).at(&place));
    }
    let domain = match path.as_str() {
        "row" => rows(input.domain, build),
        _ => input.domain,
    };
    // Numbers that all have as many digits are written in one loop, whatever stands around them:
    // `user{id}` takes a fifth of the time.
    let range = narrow(&domain, format.width());
    let shape = TextFacts::value(domain, &input.data_type, &format);
    let element = Element::Input {
        index: input.index,
        format,
        range,
    };
    Ok((element, shape))
}

/// The bounds of numbers that are known to have no sign, and no more digits than the width.
fn narrow(domain: &Domain, width: usize) -> Option<(i64, i64)> {
    let most = 10i64.checked_pow(u32::try_from(width).ok()?)?;
    domain
        .bounds()
        .filter(|(min, max)| *min >= 0 && *max < most)
}

/// Row numbers end where the table does.
fn rows(domain: Domain, build: &mut Build<'_>) -> Domain {
    match build.rows() {
        Ok(Some(rows)) => Domain {
            unique: domain.unique,
            order: domain.order,
            ..Domain::integers(0, rows.saturating_sub(1))
        },
        _ => domain,
    }
}

fn how(format: &PlaceholderFormat) -> &'static str {
    match format {
        PlaceholderFormat::Usual | PlaceholderFormat::Permute(_) => "in text",
        PlaceholderFormat::Width(_) => "in so many digits",
        PlaceholderFormat::Fraction(_) => "with digits after the point",
        PlaceholderFormat::Time(_) => "as a date",
    }
}

by_node!(
    Template,
    |node| {
        let text = match &node.value {
            Value::Map(_) => decode::<TemplateOptions>(node).map(|options| options.text),
            _ => decode(node),
        };
        text.map(|text| Template { text })
    },
    |generator| {
        let options = TemplateOptions::json_schema(generator);
        json_schema!({
            "description": "Text with `{…}` in it: `{column}`, `{column.field}`, `{row}` (from 0), `{permute:8}` (a shuffled number of 8 digits), `{number:08}` (at least 8 digits), `{amount:.2}`, `{time:%Y-%m-%d}`.",
            "anyOf": [{ "type": "string" }, options]
        })
    }
);

#[cfg(test)]
mod tests;
