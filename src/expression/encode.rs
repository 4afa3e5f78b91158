//! Finds the parts that depend on one dictionary column alone. They are computed once per dictionary value,
//! a handful, and looked up for every row.

use super::node::{CallForm, NodeKind, ResultType, TypedNode};
use std::sync::OnceLock;

/// The columns that a part depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ColumnDependence {
    None,
    One { index: usize, dictionary: bool },
    Many,
}

impl ColumnDependence {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::None, columns) | (columns, Self::None) => columns,
            (left, right) if left == right => left,
            _ => Self::Many,
        }
    }
}

fn columns(node: &TypedNode) -> ColumnDependence {
    match node.kind {
        NodeKind::Column {
            index, dictionary, ..
        } => ColumnDependence::One { index, dictionary },
        _ => node
            .children()
            .into_iter()
            .map(columns)
            .fold(ColumnDependence::None, ColumnDependence::and),
    }
}

/// The tree with its largest such parts marked.
pub(super) fn encode(mut node: TypedNode) -> TypedNode {
    if matches!(
        node.kind,
        NodeKind::Column { .. } | NodeKind::Constant { .. } | NodeKind::PerValue { .. }
    ) {
        return node;
    }
    match columns(&node) {
        ColumnDependence::One {
            index,
            dictionary: true,
        } => {
            let TypedNode {
                range,
                nullable,
                fallible,
                place,
                ..
            } = node;
            let result_type = ResultType {
                data_type: node.data_type.clone(),
                range,
                fallible,
                nullable,
                form: CallForm::Plain,
            };
            let kind = NodeKind::PerValue {
                column: index,
                part: Box::new(node),
                last: OnceLock::new(),
            };
            TypedNode::new(kind, place, result_type)
        }
        // Perhaps a part of it hangs on one column alone.
        ColumnDependence::Many => {
            node.kind = node.kind.map(&mut encode);
            node
        }
        _ => node,
    }
}

impl NodeKind {
    /// The same with other nodes directly below.
    pub fn map(self, change: &mut dyn FnMut(TypedNode) -> TypedNode) -> Self {
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
