//! The port that the Worker answers on.

use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::ops::Range;
use std::process;

use tokio::net::TcpListener;

use crate::diagnostic::{Code, Diagnostic};
use crate::error::{Error, Result, why};

/// Where a port for 0 is looked for. Most systems give the ports above to outgoing connections, one of which could take
/// the port before workerd does.
const ANY: Range<u16> = 20_000..30_000;

/// Makes sure that `port` can be had; of 0, which one.
pub(crate) async fn claim(port: u16) -> Result<u16> {
    if port != 0 {
        return bind(port).await;
    }
    // Two programs that start at once do not look at the same one first.
    let (start, count) = (process::id().wrapping_mul(97), u32::from(ANY.end - ANY.start));
    for at in 0..100 {
        let offset = start.wrapping_add(at) % count;
        if let Ok(port) = bind(ANY.start + u16::try_from(offset).unwrap_or_default()).await {
            return Ok(port);
        }
    }
    bind(0).await
}

async fn bind(port: u16) -> Result<u16> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
        Ok(listener) => Ok(listener.local_addr().map_or(port, |address| address.port())),
        Err(error) => Err(Error::Environment(
            Diagnostic::error(Code::PortTaken, format!("port {port} cannot be used: {}", why(&error))).hint(
                if error.kind() == ErrorKind::PermissionDenied {
                    "a port below 1024 takes rights of its own: choose another with `--port`, as in `--port 8787`"
                } else {
                    "end what listens there, or choose another with `--port`; `--port 0` takes any free one"
                },
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
