//! Finds the parts that depend on one dictionary column alone. They are computed once per dictionary value,
//! a handful, and looked up for every row.

use super::node::{Form, Kind, Node, Shape};
use std::sync::OnceLock;

/// The columns that a part depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Columns {
    None,
    One { index: usize, dictionary: bool },
    Many,
}

impl Columns {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::None, columns) | (columns, Self::None) => columns,
            (left, right) if left == right => left,
            _ => Self::Many,
        }
    }
}

fn columns(node: &Node) -> Columns {
    match node.kind {
        Kind::Column {
            index, dictionary, ..
        } => Columns::One { index, dictionary },
        _ => node
            .children()
            .into_iter()
            .map(columns)
            .fold(Columns::None, Columns::and),
    }
}

/// The tree with its largest such parts marked.
pub(super) fn encode(mut node: Node) -> Node {
    if matches!(
        node.kind,
        Kind::Column { .. } | Kind::Constant { .. } | Kind::PerValue { .. }
    ) {
        return node;
    }
    match columns(&node) {
        Columns::One {
            index,
            dictionary: true,
        } => {
            let Node {
                range,
                nullable,
                fallible,
                place,
                ..
            } = node;
            let shape = Shape {
                data_type: node.data_type.clone(),
                range,
                fallible,
                nullable,
                form: Form::Plain,
            };
            let kind = Kind::PerValue {
                column: index,
                part: Box::new(node),
                last: OnceLock::new(),
            };
            Node::new(kind, place, shape)
        }
        Columns::Many => {
            node.kind = node.kind.map(&mut encode);
            node
        }
        _ => node,
    }
}

impl Kind {
    /// The same with other nodes directly below.
    pub fn map(self, change: &mut dyn FnMut(Node) -> Node) -> Self {
        match self {
            Self::Call {
                kernel,
                arguments,
                form,
            } => Self::Call {
                kernel,
                arguments: arguments.into_iter().map(change).collect(),
                form,
            },
            Self::Coalesce(values) => Self::Coalesce(values.into_iter().map(change).collect()),
            Self::Logic { decides, sides } => Self::Logic {
                decides,
                sides: Box::new((*sides).map(change)),
            },
            Self::Case {
                branches,
                otherwise,
            } => Self::Case {
                branches: branches
                    .into_iter()
                    .map(|(when, then)| (change(when), change(then)))
                    .collect(),
                otherwise: Box::new(change(*otherwise)),
            },
            Self::PerValue { column, part, last } => Self::PerValue {
                column,
                part: Box::new(change(*part)),
                last,
            },
            leaf @ (Self::Column { .. } | Self::Constant { .. }) => leaf,
        }
    }
}
