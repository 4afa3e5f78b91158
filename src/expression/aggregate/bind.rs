//! From a call in `sqlparser`'s tree to an aggregate.

use super::{
    AGGREGATES, Aggregate, AggregateCall, AggregateFunction, GroupSize, Names, result_longest,
    result_range, result_type,
};
use crate::expression::bind::Binder;
use crate::expression::encode::encode;
use crate::expression::error::{ExpressionError, Result, TextSpan};
use crate::expression::functions::{self, counted};
use crate::expression::node::TypedNode;
use crate::expression::types::{Family, family};
use crate::expression::{cast, conditions, operator, syntax, types};
use sqlparser::ast::{self, BinaryOperator, Expr, Value};

/// An aggregate whose names are found; how many rows it is of is not said yet.
pub struct BoundAggregate {
    function: AggregateFunction,
    sql: String,
    argument: Option<TypedNode>,
    filter: Option<TypedNode>,
    separator: String,
    place: TextSpan,
}

impl Binder<'_> {
    /// The value of a call of an aggregate; nothing where the call is none, or no other rows can be seen.
    pub fn aggregate(
        &mut self,
        function: &ast::Function,
        place: TextSpan,
    ) -> Result<Option<TypedNode>> {
        let name = function.name.to_string().to_lowercase();
        let calls: &[AggregateFunction] = match name.as_str() {
            // Two aggregates, which a `sum` and a `count` of the same column beside it share.
            "avg" => &[AggregateFunction::Sum, AggregateFunction::Count],
            "bool_and" | "every" => &[AggregateFunction::And],
            "bool_or" => &[AggregateFunction::Or],
            "count" => &[AggregateFunction::Count],
            "max" => &[AggregateFunction::Max],
            "min" => &[AggregateFunction::Min],
            "string_agg" => &[AggregateFunction::Text],
            "sum" => &[AggregateFunction::Sum],
            _ => return Ok(None),
        };
        if !self.names.sees_rows() {
            return Ok(None);
        }
        let sql = self.sql;
        let (argument, separator) = arguments(function, &name, place)?;
        let mut values = Vec::with_capacity(2);
        for function_of in calls {
            let call = AggregateCall {
                sql,
                name: &name,
                function: *function_of,
                argument,
                filter: function.filter.as_deref(),
                separator: separator.clone(),
                place,
            };
            let key = call.text();
            let input = match self.known.get(&key) {
                Some(known) => known.clone(),
                None => self.names.aggregate(&call)?,
            };
            values.push(self.input(key, input, place)?);
        }
        match <[TypedNode; 2]>::try_from(values) {
            Ok([sum, count]) => average(sum, count, place).map(Some),
            Err(mut one) => Ok(one.pop()),
        }
    }
}

/// A sum divided by how many values it is of: null of none.
fn average(sum: TypedNode, count: TypedNode, place: TextSpan) -> Result<TypedNode> {
    let sum = match family(&sum.data_type) {
        // A mean of whole numbers is a decimal in PostgreSQL; without the cast the division would
        // cut.
        Family::Integer => cast::explicit(sum, &cast::CastTarget::Numeric, place)?,
        _ => sum,
    };
    let none = TypedNode::exact(0, count.data_type.clone(), place);
    let count = functions::call("nullif", place, vec![count, none], place)?;
    operator::binary(&BinaryOperator::Divide, [sum, count], place)
}

/// What is aggregated, none for `count(*)`, and what stands between texts.
fn arguments<'e>(
    function: &'e ast::Function,
    name: &str,
    place: TextSpan,
) -> Result<(Option<&'e Expr>, Option<String>)> {
    let ast::FunctionArguments::List(list) = &function.args else {
        return Err(syntax::unsupported(&function.to_string(), place));
    };
    if function.over.is_some() {
        return Err(place.error("there is no `over`: rows are grouped by their parent"));
    }
    if list.duplicate_treatment.is_some() || !list.clauses.is_empty() {
        let error = place.error(format!("`{name}` takes neither `distinct` nor `order by`"));
        return Err(error.hint("children come in the order of their rows, and each counts once"));
    }
    let argument = |argument: &'e ast::FunctionArg| match argument {
        ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(argument)) => Ok(Some(argument)),
        ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Wildcard) if name == "count" => Ok(None),
        other => Err(syntax::unsupported(&other.to_string(), place)),
    };
    let arguments = list.args.iter().map(argument);
    let arguments = arguments.collect::<Result<Vec<Option<&Expr>>>>()?;
    match (&arguments[..], name) {
        ([first], name) if name != "string_agg" => Ok((*first, None)),
        ([first, Some(separator)], "string_agg") => {
            Ok((*first, Some(constant_text(separator, place)?)))
        }
        _ => Err(miscounted(name, arguments.len(), place)),
    }
}

fn miscounted(name: &str, count: usize, place: TextSpan) -> ExpressionError {
    let count = counted(count, "argument");
    let error = place.error(format!("`{name}` does not take {count}"));
    error.hint(match name {
        "max" => "the largest of several values is `greatest(a, b)`".to_owned(),
        "min" => "the smallest of several values is `least(a, b)`".to_owned(),
        "every" => "write `every(child.condition)`".to_owned(),
        _ => {
            let known = AGGREGATES.iter().find(|(known, _)| *known == name);
            let (_, signature) = known.copied().unwrap_or_default();
            format!("write `{signature}`")
        }
    })
}

fn constant_text(separator: &Expr, place: TextSpan) -> Result<String> {
    match separator {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) => Ok(text.clone()),
            other => Err(syntax::unsupported(&other.to_string(), place)),
        },
        _ => Err(place.error("the separator of `string_agg` is a quoted text: `', '`")),
    }
}

impl AggregateCall<'_> {
    /// The aggregate, whose names mean what `names` say; `counts_rows` where its argument stands for rows.
    ///
    /// # Errors
    /// A mistake within it.
    pub fn bind(&self, names: &mut dyn Names, counts_rows: bool) -> Result<BoundAggregate> {
        let mut binder = Binder::new(self.sql, names);
        let argument = match self.argument {
            Some(argument) if !counts_rows => Some(binder.bind(argument)?),
            _ => None,
        };
        let filter = match self.filter {
            Some(filter) => Some(conditions::condition(binder.bind(filter)?, "filter")?),
            None => None,
        };
        if let Some(argument) = &argument {
            self.check(argument)?;
        }
        Ok(BoundAggregate {
            function: self.function,
            sql: self.sql.to_owned(),
            argument: argument.map(encode),
            filter: filter.map(encode),
            separator: self.separator.clone().unwrap_or_default(),
            place: self.place,
        })
    }

    fn check(&self, argument: &TypedNode) -> Result<()> {
        if result_type(self.function, &argument.data_type).is_some() {
            return Ok(());
        }
        let takes = match self.function {
            AggregateFunction::Sum => "numbers",
            AggregateFunction::And | AggregateFunction::Or => "true or false",
            AggregateFunction::Text => "text",
            _ => "numbers, texts, dates, times or timestamps",
        };
        let error = functions::mismatch(self.name, takes, argument);
        Err(match self.function {
            AggregateFunction::Text => error.hint("write `cast(… as text)`"),
            _ => error,
        })
    }
}

impl BoundAggregate {
    /// The aggregate of groups of so many rows, `all` of which are there.
    ///
    /// # Errors
    /// Its texts are too long.
    pub fn of(self, size: GroupSize, all: bool) -> Result<Aggregate> {
        let all = all && self.filter.is_none();
        let argument = self.argument.as_ref();
        let bounds = argument.and_then(|argument| argument.range);
        let values = argument.is_some_and(|argument| argument.nullable);
        let data_type = match argument {
            Some(argument) => result_type(self.function, &argument.data_type),
            None => Some(arrow::datatypes::DataType::Int64),
        };
        let data_type = data_type.unwrap_or(arrow::datatypes::DataType::Null);
        let counts = self.function == AggregateFunction::Count;
        let range = result_range(self.function, bounds, size, all && !values);
        let longest = argument
            .and_then(|argument| result_longest(self.function, argument, &self.separator, size));
        Ok(Aggregate {
            nullable: !counts && (size.least == 0 || values || !all),
            range: range.or_else(|| types::bounds(&data_type)),
            longest,
            // Counted are the rows themselves where each has a value, and none fails.
            argument: self
                .argument
                .filter(|argument| !counts || argument.nullable || argument.fallible),
            function: self.function,
            sql: self.sql,
            filter: self.filter,
            separator: self.separator,
            place: self.place,
            data_type,
            tolerant: false,
        })
    }
}
