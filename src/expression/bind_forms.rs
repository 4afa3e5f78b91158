//! The forms with a grammar of their own: `is`, `in`, `between`, `like`, `trim(… from …)` and their like.

use super::bind::Binder;
use super::conditions as condition;
use super::error::{Result, TextSpan};
use super::functions::{self, CallArguments};
use super::node::TypedNode;
use super::{list, syntax, text_search};
use arrow::datatypes::DataType;
use sqlparser::ast::{self, Expr};

impl Binder<'_> {
    /// `tags[1]`, `lines[1].amount`: the fields before the first place are a column's path.
    pub fn access(
        &mut self,
        root: &Expr,
        chain: &[ast::AccessExpr],
        place: TextSpan,
    ) -> Result<TypedNode> {
        // To the parser both are dots: `customer_id.country` leads through a foreign key to a
        // column, `lines[1].amount` to the field of a struct. Only behind a place in brackets is a
        // name surely a field.
        let fields = chain.iter().map_while(|access| match access {
            ast::AccessExpr::Dot(Expr::Identifier(name)) => Some(name.clone()),
            _ => None,
        });
        let path: Vec<ast::Ident> = match root {
            Expr::Identifier(name) => [name.clone()].into_iter().chain(fields).collect(),
            Expr::CompoundIdentifier(names) => names.iter().cloned().chain(fields).collect(),
            _ => Vec::new(),
        };
        let (mut node, rest) = match (root, path.len()) {
            (Expr::Identifier(_), named) => (
                self.bind(&Expr::CompoundIdentifier(path))?,
                &chain[named - 1..],
            ),
            (Expr::CompoundIdentifier(names), named) => {
                let rest = &chain[named - names.len()..];
                (self.bind(&Expr::CompoundIdentifier(path))?, rest)
            }
            _ => (self.bind(root)?, chain),
        };
        for access in rest {
            node = match access {
                ast::AccessExpr::Subscript(ast::Subscript::Index { index }) => {
                    list::item(node, self.bind(index)?, place)?
                }
                ast::AccessExpr::Dot(Expr::Identifier(name)) => {
                    list::field(node, &name.value, place)?
                }
                other => return Err(syntax::unsupported(&other.to_string(), place)),
            };
        }
        Ok(node)
    }

    pub fn like(&mut self, expression: &Expr, place: TextSpan) -> Result<TypedNode> {
        let (text, pattern, escape, negated, any_case) = match expression {
            Expr::Like {
                negated,
                any: false,
                expr,
                pattern,
                escape_char,
            } => (expr, pattern, escape_char, *negated, false),
            Expr::ILike {
                negated,
                any: false,
                expr,
                pattern,
                escape_char,
            } => (expr, pattern, escape_char, *negated, true),
            other => return Err(syntax::unsupported(&other.to_string(), place)),
        };
        let (text, mut pattern) = (self.bind(text)?, self.bind(pattern)?);
        if let Some(escape) = escape {
            let escape = self.bind(escape)?;
            pattern = syntax::with_escape(pattern, &escape)?;
        }
        text_search::matches(text, pattern, (negated, any_case), place)
    }

    /// What is true, false or unknown.
    pub fn condition(&mut self, expression: &Expr, place: TextSpan) -> Option<Result<TypedNode>> {
        let mut null = |of: &Expr, negated| condition::is_null(self.bind(of)?, negated, place);
        Some(match expression {
            Expr::IsNull(of) | Expr::IsUnknown(of) => null(of, false),
            Expr::IsNotNull(of) | Expr::IsNotUnknown(of) => null(of, true),
            Expr::IsTrue(of) => self.truth(of, true, false, place),
            Expr::IsNotTrue(of) => self.truth(of, true, true, place),
            Expr::IsFalse(of) => self.truth(of, false, false, place),
            Expr::IsNotFalse(of) => self.truth(of, false, true, place),
            Expr::IsDistinctFrom(left, right) => self.distinct(left, right, false, place),
            Expr::IsNotDistinctFrom(left, right) => self.distinct(left, right, true, place),
            Expr::InList {
                expr,
                list,
                negated,
            } => self
                .bind(expr)
                .and_then(|node| condition::in_list(node, self.bind_all(list)?, *negated, place)),
            Expr::Between {
                expr,
                negated,
                low,
                high,
            } => self.bind(expr).and_then(|node| {
                condition::between(node, self.bind(low)?, self.bind(high)?, *negated, place)
            }),
            _ => return None,
        })
    }

    fn truth(
        &mut self,
        of: &Expr,
        wanted: bool,
        negated: bool,
        place: TextSpan,
    ) -> Result<TypedNode> {
        condition::is_truth(self.bind(of)?, wanted, negated, place)
    }

    fn distinct(
        &mut self,
        left: &Expr,
        right: &Expr,
        negated: bool,
        place: TextSpan,
    ) -> Result<TypedNode> {
        condition::is_distinct([self.bind(left)?, self.bind(right)?], negated, place)
    }

    /// The functions that have a grammar of their own.
    pub fn special_call(&mut self, expression: &Expr, place: TextSpan) -> Result<TypedNode> {
        // The parser reads `floor(x to day)`, too, which is not PostgreSQL's.
        const PLAIN: ast::CeilFloorKind =
            ast::CeilFloorKind::DateTimeField(ast::DateTimeField::NoDateTime);
        let (name, nodes) = match expression {
            Expr::Floor { expr, field } if *field == PLAIN => ("floor", vec![self.bind(expr)?]),
            Expr::Ceil { expr, field } if *field == PLAIN => ("ceil", vec![self.bind(expr)?]),
            Expr::Position { expr, r#in } => ("position", vec![self.bind(expr)?, self.bind(r#in)?]),
            Expr::Substring {
                expr,
                substring_from,
                substring_for,
                ..
            } => {
                let from = match substring_from {
                    Some(from) => self.bind(from)?,
                    // `substring(text for 3)` begins at the first character, as the SQL standard
                    // says.
                    None => TypedNode::exact(1, DataType::Int32, place),
                };
                let mut nodes = vec![self.bind(expr)?, from];
                nodes.extend(self.bind_all(substring_for.as_deref())?);
                ("substring", nodes)
            }
            Expr::Trim { .. } => return self.trim(expression, place),
            other => return Err(syntax::unsupported(&other.to_string(), place)),
        };
        functions::call(name, place, nodes, place)
    }

    fn trim(&mut self, expression: &Expr, place: TextSpan) -> Result<TypedNode> {
        let Expr::Trim {
            expr,
            trim_where,
            trim_what,
            trim_characters,
        } = expression
        else {
            return Err(syntax::unsupported(&expression.to_string(), place));
        };
        let mut nodes = vec![self.bind(expr)?];
        nodes.extend(self.bind_all(trim_what.as_deref())?);
        nodes.extend(self.bind_all(trim_characters.iter().flatten())?);
        let start = !matches!(trim_where, Some(ast::TrimWhereField::Trailing));
        let end = !matches!(trim_where, Some(ast::TrimWhereField::Leading));
        text_search::trimmed(
            CallArguments {
                name: "trim",
                nodes,
                place,
            },
            start,
            end,
        )
    }
}
