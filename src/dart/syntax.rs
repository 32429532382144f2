//! Dart source as a tree.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use tree_sitter::{Node, ParseOptions, Parser, Tree};

/// Far more than any Dart file takes: what the grammar makes sense of in too many ways, such as thousands of brackets in
/// a row that nobody closed, takes the square of its length.
const TIME_LIMIT: Duration = Duration::from_secs(2);

/// After how many reports of the parser's it is given up, for so many bytes: of the densest Dart it makes one for six. What
/// can be read in ever more ways at once, such as thousands of `Function(`, takes memory with each, gigabytes within
/// [`TIME_LIMIT`].
fn report_limit(bytes: usize) -> usize {
    bytes / 2 + 1000
}

/// Reads `source`; what is no Dart in it is an `ERROR` of the tree, and the rest is still there. Nothing comes of what
/// takes too long, or too much memory.
pub(crate) fn parse(source: &str) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_dart::LANGUAGE.into()).ok()?;
    let end = Instant::now() + TIME_LIMIT;
    let mut left = report_limit(source.len());
    let mut go_on = |_: &_| {
        left = left.saturating_sub(1);
        if left > 0 && Instant::now() < end { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let options = ParseOptions::new().progress_callback(&mut go_on);
    let mut rest = |at: usize, _| source.as_bytes().get(at..).unwrap_or_default();
    parser.parse_with_options(&mut rest, None, Some(options))
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

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn what_takes_the_square_of_its_length_is_given_up() {
        let start = Instant::now();
        let source = format!("onRequest(c){} => null;", "[id]".repeat(16_000));
        assert!(parse(&source).is_none());
        assert!(start.elapsed() < 4 * TIME_LIMIT, "{:?}", start.elapsed());
    }

    #[test]
    fn what_takes_more_memory_with_each_of_its_words_is_given_up() {
        let start = Instant::now();
        let source = format!("e='\n(n((FF({}k('", "Function(".repeat(400));
        assert!(parse(&source).is_none());
        assert!(start.elapsed() < TIME_LIMIT, "{:?}", start.elapsed());
    }

    #[test]
    fn the_densest_dart_is_read() {
        let calls = format!("{}1{}", "f(".repeat(200), ")".repeat(200));
        for value in [format!("[{}]", "1,".repeat(5_000)), calls, format!("1{}", "+1".repeat(5_000))] {
            assert!(parse(&format!("final a={value};")).is_some_and(|tree| !tree.root_node().has_error()));
        }
    }

    #[test]
    fn many_children_take_no_longer_each() {
        let tree = parse(&"int a;\n".repeat(4_000)).expect("a tree");
        let start = Instant::now();
        assert_eq!(children(tree.root_node()).count(), 4_000);
        assert!(start.elapsed() < TIME_LIMIT, "{:?}", start.elapsed());
    }

    #[test]
    fn what_nests_deeply_is_walked() {
        let source = format!("final a = {}1{};", "f(".repeat(20_000), ")".repeat(20_000));
        let tree = parse(&source);
        let found = tree.as_ref().and_then(|tree| first(tree.root_node(), "no such kind"));
        assert!(found.is_none());
    }
}
