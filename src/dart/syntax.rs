//! Dart source as a tree.

use tree_sitter::{Node, Parser, Tree};

/// Reads `source`; what is no Dart in it is an `ERROR` of the tree, and the rest is still there.
pub(crate) fn parse(source: &str) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_dart::LANGUAGE.into()).ok()?;
    parser.parse(source, None)
}

pub(crate) fn children(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    (0..node.named_child_count()).filter_map(move |at| node.named_child(u32::try_from(at).ok()?))
}

/// The first of this kind below `node`, in the order of the text.
pub(crate) fn first<'a>(node: Node<'a>, kind: &str) -> Option<Node<'a>> {
    children(node).find_map(|child| if child.kind() == kind { Some(child) } else { first(child, kind) })
}

pub(crate) fn text<'a>(node: Node<'_>, source: &'a str) -> &'a str {
    source.get(node.byte_range()).unwrap_or_default()
}
