//! What the Dart compilers say about a program.

/// One message of a compiler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) text: String,
}
