//! The AT send/receive loop without I/O: bytes and the time in, bytes, events and a deadline out.

mod request;

pub use request::{Answer, Request, RequestId};
