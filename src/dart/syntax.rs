//! Dart source as a tree.

use tree_sitter::{Node, Parser, Tree};

/// Reads `source`; what is no Dart in it is an `ERROR` of the tree, and the rest is still there.
pub(crate) fn parse(source: &str) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_dart::LANGUAGE.into()).ok()?;
    parser.parse(source, None)
}

pub(crate) fn children(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    // A child by its number is looked for from the first one on.
    let children: Vec<_> = node.named_children(&mut node.walk()).collect();
    children.into_iter()
}

/// The first of this kind below `node`, in the order of the text.
pub(crate) fn first<'a>(node: Node<'a>, kind: &str) -> Option<Node<'a>> {
    // Source may be nested deeper than the stack is.
    let mut left: Vec<Node<'a>> = children(node).collect();
    left.reverse();
    while let Some(next) = left.pop() {
        if next.kind() == kind {
            return Some(next);
        }
        let from = left.len();
        left.extend(children(next));
        left[from..].reverse();
    }
    None
}

pub(crate) fn text<'a>(node: Node<'_>, source: &'a str) -> &'a str {
    source.get(node.byte_range()).unwrap_or_default()
}
