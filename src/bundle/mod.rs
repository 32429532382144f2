//! From compiled Dart to a Worker's directory.

#[allow(dead_code, reason = "no command publishes yet")]
mod disk;
#[allow(dead_code, reason = "no command publishes yet")]
mod publish;
#[allow(dead_code, reason = "no command takes turns yet")]
mod turn;
