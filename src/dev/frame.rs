//! Frames as the bridge and the Dart VM speak them: `u32 length | u32 JSON length | JSON | blobs`, little-endian, the
//! first length counting what follows it.

use std::io;

use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Semaphore;

/// The protocol that the templates of this program speak; the Dart package states its own in every first frame.
pub(crate) const PROTOCOL: u64 = 2;

/// A first frame holds a request's headers and the Worker's variables, and no body.
const MAX_FIRST_FRAME: u32 = 16 << 20;

/// What nobody has to wait for: most first frames are far shorter.
const SMALL: u32 = 64 << 10;

/// A frame as it arrived, and what its JSON says.
#[derive(Debug)]
pub(crate) struct Frame {
    /// All bytes, the length included, to be passed on.
    pub(crate) bytes: Vec<u8>,
    /// The JSON part.
    pub(crate) message: Value,
}

/// The part of a first frame that says who is speaking.
#[derive(Debug, Deserialize)]
pub(crate) struct Hello {
    /// `event` and `section` from the bridge, `vm` from the Dart VM, `test` from a program with tests.
    pub(crate) t: String,
    pub(crate) token: String,
    pub(crate) protocol: u64,
    /// Of an event: whether it waits for a program that is broken to be mended, for nobody reads what it answers.
    #[serde(default)]
    pub(crate) waits: bool,
    /// Of a section: the number of the program's isolate that asked for it.
    #[serde(default)]
    pub(crate) app: u64,
}

/// Reads one frame; none when the other side closed before it.
pub(crate) async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Frame>> {
    read_within(from, None).await
}

/// As [`read`], of somebody who may be anyone: what is kept of the frame while it comes is taken from `memory`, which has
/// a permit for each byte and is shared with others.
pub(crate) async fn read_first(
    from: &mut (impl AsyncRead + Unpin),
    memory: &Semaphore,
) -> io::Result<Option<Frame>> {
    read_within(from, Some(memory)).await
}

async fn read_within(
    from: &mut (impl AsyncRead + Unpin),
    memory: Option<&Semaphore>,
) -> io::Result<Option<Frame>> {
    let mut bytes = vec![0; 8];
    match from.read_exact(&mut bytes).await {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    };
    let length = u32_at(&bytes, 0);
    let json_length = u32_at(&bytes, 4);
    if !(4..=MAX_FIRST_FRAME).contains(&length) || json_length > length - 4 {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "not a frame"));
    }
    let _kept = match memory {
        Some(memory) if length > SMALL => Some(memory.acquire_many(length).await.map_err(io::Error::other)?),
        _ => None,
    };
    // Grows with what arrives, so that a length alone costs nothing.
    let rest = u64::from(length - 4);
    if from.take(rest).read_to_end(&mut bytes).await? as u64 != rest {
        return Ok(None);
    }
    let message = serde_json::from_slice(&bytes[8..8 + json_length as usize])?;
    Ok(Some(Frame { bytes, message }))
}

/// Writes one frame without blobs.
pub(crate) async fn write(to: &mut (impl AsyncWrite + Unpin), message: &Value) -> io::Result<()> {
    let json = message.to_string();
    let length = u32::try_from(json.len()).map_err(io::Error::other)?;
    let mut bytes = Vec::with_capacity(8 + json.len());
    bytes.extend((length + 4).to_le_bytes());
    bytes.extend(length.to_le_bytes());
    bytes.extend(json.as_bytes());
    to.write_all(&bytes).await
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
