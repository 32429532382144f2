//! The port that the Worker answers on.

use std::net::Ipv4Addr;

use tokio::net::TcpListener;

use crate::diagnostic::Diagnostic;
use crate::error::{Error, Result};

/// Makes sure that `port` can be had; of 0, which one.
pub(crate) async fn claim(port: u16) -> Result<u16> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
        Ok(listener) => Ok(listener.local_addr().map_or(port, |address| address.port())),
        Err(error) => Err(Error::Environment(
            Diagnostic::error(format!("port {port} cannot be used: {}", error.to_string().to_lowercase()))
                .hint(
                    "end what listens there, or choose another with `--port`; `--port 0` takes any free one",
                ),
        )),
    }
}

/// Wrangler's own default, or the next one that is free.
pub(crate) async fn first_free() -> Result<u16> {
    for port in 8787..8887 {
        if let Ok(port) = claim(port).await {
            return Ok(port);
        }
    }
    claim(0).await
}
