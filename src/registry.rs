//! One readable list for each kind of thing: the serde enum, the names, the docs and the examples.

mod elsewhere;
pub mod options;

pub use elsewhere::{elsewhere, type_elsewhere};

use schemars::{Schema, SchemaGenerator};
use serde_json::Value;

/// One entry of a registry.
#[derive(Debug, Clone)]
pub struct Kind {
    /// Its key in a pipeline file.
    pub name: &'static str,
    /// A YAML example of it: its key and its options, in one line.
    pub example: &'static str,
    /// Makes the JSON Schema of its options, with definitions left to the generator.
    pub part: fn(&mut SchemaGenerator) -> Schema,
}

impl Kind {
    /// The JSON Schema of its options, whole.
    pub fn schema(&self) -> Schema {
        let mut generator = SchemaGenerator::default();
        let mut schema = (self.part)(&mut generator);
        // With its definitions, so that it can be read alone.
        schema.insert("$defs".into(), generator.take_definitions(true).into());
        schema
    }

    /// The first paragraph of the options' documentation, in one line.
    pub fn summary(&self) -> String {
        let schema = self.schema();
        let text = schema.get("description").and_then(|text| text.as_str());
        // One line of a list: the rest of the documentation is for `rowgen list NAME` and the
        // pages.
        let first = text
            .unwrap_or_default()
            .split("\n\n")
            .next()
            .unwrap_or_default();
        first.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// Lets a kind stand for itself, as its options' defaults: the schema knew it only with options.
pub fn or_bare(schema: &mut Schema) {
    let Some(Value::Array(kinds)) = schema.get_mut("oneOf") else {
        return;
    };
    let with_options = kinds
        .iter()
        .filter_map(|kind| kind["properties"].as_object());
    let names: Vec<&String> = with_options.flat_map(|options| options.keys()).collect();
    // `sequence` alone is `sequence: {}` to the parser, and editors would mark it as a mistake.
    let bare = serde_json::json!({ "enum": names });
    kinds.insert(0, bare);
}

/// Makes the enum of all kinds of something from one list of `"key" => Variant(options type): "example"`.
#[macro_export]
macro_rules! registry {
    ($(#[$meta:meta])* $vis:vis enum $name:ident: $behaviour:path {
        $($key:literal => $variant:ident($options:ty): $example:literal),* $(,)?
    }) => {
        $(#[$meta])*
        // Options are read once and never moved in a loop: their size does not matter.
        // One enum from one list: adding a kind is its file, its `mod` line and one line here, and
        // the parser, the schema, `rowgen list`, the docs and the registry-wide tests know it.
        #[allow(clippy::large_enum_variant)]
        #[derive(Debug, Clone, serde::Deserialize, schemars::JsonSchema)]
        #[schemars(transform = $crate::registry::or_bare)]
        $vis enum $name {
            $(#[allow(missing_docs)] #[serde(rename = $key)] $variant($options)),*
        }
        impl $name {
            /// Every kind there is, in alphabetical order.
            pub const KINDS: &'static [$crate::registry::Kind] = &[
                $($crate::registry::Kind {
                    name: $key,
                    example: $example,
                    part: |generator| <$options as schemars::JsonSchema>::json_schema(generator),
                }),*
            ];
            /// The options of this one, shared.
            pub fn shared(&self) -> std::sync::Arc<dyn $behaviour> {
                match self { $(Self::$variant(options) => std::sync::Arc::new(options.clone())),* }
            }
            /// This one's key.
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$variant(_) => $key),* }
            }
        }
        impl std::ops::Deref for $name {
            type Target = dyn $behaviour;
            fn deref(&self) -> &Self::Target {
                match self { $(Self::$variant(options) => options),* }
            }
        }
    };
}
