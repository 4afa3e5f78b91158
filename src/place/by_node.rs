//! Types that read themselves from a node, and say themselves what editors are told of them: where derives
//! cannot say it.

/// Lets a type be read by `fn(&Node) -> Result<Self, Problem>` wherever serde reads options, and gives it the
/// schema that `fn(&mut SchemaGenerator) -> Schema` makes: a definition of its own under the type's name, or
/// under another one, or, `inline`, at each place where it stands.
macro_rules! by_node {
    (inline, $name:ident, $read:expr, $schema:expr $(,)?) => {
        $crate::place::by_node!(@ true, $name, stringify!($name), $read, $schema);
    };
    ($name:ident = $shown:literal, $read:expr, $schema:expr $(,)?) => {
        $crate::place::by_node!(@ false, $name, $shown, $read, $schema);
    };
    ($name:ident, $read:expr, $schema:expr $(,)?) => {
        $crate::place::by_node!(@ false, $name, stringify!($name), $read, $schema);
    };
    (@ $inline:literal, $name:ident, $shown:expr, $read:expr, $schema:expr) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let node = <$crate::place::Node as serde::Deserialize>::deserialize(deserializer)?;
                let read: fn(&$crate::place::Node) -> Result<$name, $crate::error::Problem> = $read;
                read(&node).map_err($crate::place::carry)
            }
        }
        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                $inline
            }
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $shown.into()
            }
            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let schema: fn(&mut schemars::SchemaGenerator) -> schemars::Schema = $schema;
                schema(generator)
            }
        }
    };
}
pub(crate) use by_node;

/// Reads a value that its text says whole.
///
/// # Errors
/// It is no text, or `parse` says what is wrong with it.
pub fn parsed<T>(
    node: &super::Node,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<T, crate::error::Problem> {
    let text: String = super::decode(node)?;
    parse(&text).map_err(crate::error::Problem::new)
}
