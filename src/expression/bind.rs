//! From `sqlparser`'s tree to ours: names resolved, types decided, constants folded.

use super::bits;
use super::cast;
use super::compare::ComparisonOperator;
use super::conditions as condition;
use super::error::{ExpressionError, Result, TextSpan};
use super::functions::{self, mismatch};
use super::node::{NodeKind, ResultType, TypedNode};
use super::parse::MAX_DEPTH;
use super::types::{self, Family, family};
use super::{
    Binding, Names, choice, extract, list, named_type, number, operator, parse, syntax, temporal,
    text_span, try_cast,
};
use arrow::datatypes::DataType;
use sqlparser::ast::{self, BinaryOperator, Expr, UnaryOperator};
use std::collections::HashMap;

pub(super) struct Binder<'a> {
    pub(super) sql: &'a str,
    pub(super) names: &'a mut dyn Names,
    pub(super) known: HashMap<String, Binding>,
    depth: usize,
}

impl<'a> Binder<'a> {
    pub fn new(sql: &'a str, names: &'a mut dyn Names) -> Self {
        Self {
            sql,
            names,
            known: HashMap::new(),
            depth: 0,
        }
    }

    pub fn place(&self, part: &impl ast::Spanned) -> TextSpan {
        text_span::of(self.sql, part)
    }

    pub fn bind(&mut self, expression: &Expr) -> Result<TypedNode> {
        // The parser has a limit of its own, but not for what it parses in a loop, such as chains
        // of operators.
        if self.depth > MAX_DEPTH {
            return Err(parse::too_deep(self.sql));
        }
        self.depth += 1;
        let node = self.bind_here(expression);
        self.depth -= 1;
        node
    }

    pub fn bind_all<'e>(
        &mut self,
        expressions: impl IntoIterator<Item = &'e Expr>,
    ) -> Result<Vec<TypedNode>> {
        expressions
            .into_iter()
            .map(|expression| self.bind(expression))
            .collect()
    }

    fn bind_here(&mut self, expression: &Expr) -> Result<TypedNode> {
        let place = text_span::of_expression(self.sql, expression);
        match expression {
            Expr::Identifier(name) => self.column(&name.value, place),
            Expr::CompoundIdentifier(names) => {
                let names: Vec<&str> = names.iter().map(|name| name.value.as_str()).collect();
                self.column(&names.join("."), place)
            }
            Expr::Value(value) => syntax::literal(&value.value, place),
            // Brackets leave no trace: their only meaning, the order, is in the tree.
            Expr::Nested(inner) => self.bind(inner),
            Expr::BinaryOp { left, op, right } => {
                let sides = [self.bind(left)?, self.bind(right)?];
                operator::binary(op, sides, place)
            }
            Expr::UnaryOp { op, expr } => self.unary(*op, expr, place),
            Expr::Function(function) => self.function(function, place),
            Expr::Case {
                operand,
                conditions,
                else_result,
                ..
            } => self.case(
                operand.as_deref(),
                conditions,
                else_result.as_deref(),
                place,
            ),
            Expr::Cast { .. } | Expr::TypedString(_) | Expr::Interval(_) => {
                self.typed(expression, place)
            }
            Expr::Like { .. } | Expr::ILike { .. } => self.like(expression, place),
            Expr::Extract { field, expr, .. } => {
                let part = extract::named_part(
                    &field.to_string(),
                    syntax::field_place(self.sql, field).unwrap_or(place),
                )?;
                extract::extract(part, self.bind(expr)?, place)
            }
            Expr::AtTimeZone {
                timestamp,
                time_zone,
            } => extract::at_time_zone(self.bind(timestamp)?, self.bind(time_zone)?, place),
            Expr::CompoundFieldAccess { root, access_chain } => {
                self.access(root, access_chain, place)
            }
            Expr::AnyOp {
                left,
                compare_op,
                right,
                ..
            } => list::any(compare_op, self.bind(left)?, self.bind(right)?, place),
            _ => match self.condition(expression, place) {
                Some(node) => node,
                None => self.special_call(expression, place),
            },
        }
    }

    fn column(&mut self, path: &str, place: TextSpan) -> Result<TypedNode> {
        let input = match self.known.get(path) {
            Some(known) => known.clone(),
            None => self.names.column(path).map_err(|unknown| ExpressionError {
                hint: unknown.hint,
                ..place.error(unknown.message)
            })?,
        };
        self.input(path.to_owned(), input, place)
    }

    /// The value of an input that has this name.
    pub(super) fn input(
        &mut self,
        path: String,
        input: Binding,
        place: TextSpan,
    ) -> Result<TypedNode> {
        let data_type = types::inside(&input.data_type).map_err(|what| {
            place.error(format!(
                "`{path}` is {}: {what} cannot be computed with",
                types::name(&input.data_type)
            ))
        })?;
        // Each name is asked for once: asking adds an input to the column that is being built.
        self.known.insert(path, input.clone());
        let dictionary = matches!(input.data_type, DataType::Dictionary(..));
        let result_type = ResultType::of(data_type);
        // Never wider than the type: what is known of an input may come from a wider one.
        let range = match (result_type.range, input.range) {
            (Some(bounds), Some(range)) => Some(range.clamp(bounds)),
            (bounds, range) => bounds.or(range),
        };
        let kind = NodeKind::Column {
            index: input.index,
            dictionary,
            longest: input.longest,
        };
        Ok(TypedNode::new(
            kind,
            place,
            ResultType {
                range,
                ..result_type
            }
            .nullable(input.nullable),
        ))
    }

    fn unary(&mut self, operator: UnaryOperator, of: &Expr, place: TextSpan) -> Result<TypedNode> {
        match operator {
            UnaryOperator::Not => condition::negation(self.bind(of)?, place),
            UnaryOperator::Plus => {
                let node = self.bind(of)?;
                match types::is_number(&node.data_type) {
                    true => Ok(node),
                    false => Err(mismatch("+", "a number", &node)),
                }
            }
            UnaryOperator::Minus => self.negated(of, place),
            UnaryOperator::BitwiseNot => bits::complement(self.bind(of)?, place),
            _ => Err(syntax::unsupported(&format!("{operator}"), place)),
        }
    }

    /// `-2 ^ 2` is 4: the minus binds tighter than the power, unlike in the parser's tree.
    fn negated(&mut self, of: &Expr, place: TextSpan) -> Result<TypedNode> {
        if let Expr::BinaryOp {
            left,
            op: BinaryOperator::PGExp,
            right,
        } = of
        {
            let base = self.negated(left, place)?;
            return operator::binary(&BinaryOperator::PGExp, [base, self.bind(right)?], place);
        }
        let node = self.bind(of)?;
        match family(&node.data_type) {
            Family::Interval => temporal::negate(node, place),
            Family::Null => Ok(node),
            _ if types::is_number(&node.data_type) => number::negate(node, place),
            _ => Err(mismatch("-", "a number or an interval", &node)),
        }
    }

    fn function(&mut self, function: &ast::Function, place: TextSpan) -> Result<TypedNode> {
        let name = function.name.to_string();
        let name_place = self.place(&function.name);
        let ast::FunctionArguments::List(list) = &function.args else {
            // `user`, `current_date`: functions to the parser, perhaps columns to us.
            return self
                .column(&name, name_place)
                .map_err(|error| functions::elsewhere(&name, name_place).unwrap_or(error));
        };
        if let Some(aggregate) = self.aggregate(function, place)? {
            return Ok(aggregate);
        }
        // Before the arguments: of `nvl(a, b + 'x')` the name is the mistake to be told, and
        // arguments may be wrong only because they are another language's.
        functions::known(&name, name_place)?;
        if function.over.is_some()
            || function.filter.is_some()
            || list.duplicate_treatment.is_some()
        {
            return Err(place.error("an expression sees one row at a time"));
        }
        let mut nodes = Vec::with_capacity(list.args.len());
        for argument in &list.args {
            let ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(argument)) = argument else {
                return Err(syntax::unsupported(&argument.to_string(), place));
            };
            nodes.push(self.bind(argument)?);
        }
        functions::call(&name, name_place, nodes, place)
    }

    fn case(
        &mut self,
        operand: Option<&Expr>,
        whens: &[ast::CaseWhen],
        otherwise: Option<&Expr>,
        place: TextSpan,
    ) -> Result<TypedNode> {
        let mut conditions = Vec::with_capacity(whens.len());
        let mut results = Vec::with_capacity(whens.len());
        for when in whens {
            let condition = self.bind(&when.condition)?;
            conditions.push(match operand {
                None => condition::condition(condition, "when")?,
                // The operand is bound again for each branch: a tree owns its parts, and each
                // comparison may cast its own to another type. A shared part would be computed
                // once; nobody has measured a `case` where that counts, for most operands are
                // columns.
                Some(operand) => {
                    let (operand, place) = (self.bind(operand)?, condition.place);
                    condition::comparison(ComparisonOperator::Equal, [operand, condition], place)?
                }
            });
            results.push(self.bind(&when.result)?);
        }
        let otherwise = otherwise
            .map(|otherwise| self.bind(otherwise))
            .transpose()?;
        choice::case(conditions, results, otherwise, place)
    }

    /// Casts, and literals that name their type.
    fn typed(&mut self, expression: &Expr, place: TextSpan) -> Result<TypedNode> {
        match expression {
            Expr::Cast {
                kind,
                expr,
                data_type,
                format: None,
                ..
            } => {
                // The parser keeps no place of a cast's type, so its name is looked for behind the
                // value.
                let name = text_span::type_name(self.sql, text_span::of_expression(self.sql, expr));
                let target = named_type::target(data_type, name)?;
                let node = self.bind(expr)?;
                match kind {
                    ast::CastKind::TryCast => try_cast::try_cast(node, &target, place),
                    ast::CastKind::Cast | ast::CastKind::DoubleColon => {
                        cast::explicit(node, &target, place)
                    }
                    ast::CastKind::SafeCast => {
                        Err(syntax::unsupported("safe_cast", place)
                            .hint("write `try_cast(… as …)`"))
                    }
                }
            }
            Expr::TypedString(typed) => {
                let target = named_type::target(&typed.data_type, place)?;
                cast::explicit(syntax::literal(&typed.value.value, place)?, &target, place)
            }
            Expr::Interval(interval) => syntax::interval(interval, place),
            other => Err(syntax::unsupported(&other.to_string(), place)),
        }
    }
}
