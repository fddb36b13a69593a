//! The way to Telegram where a network blocks it.

use reqwest::Proxy;
use secrecy::{ExposeSecret, SecretString};

use crate::SettingsError;

/// Reads `telegram.proxy`: `http://`, `https://` or `socks5://`, with a name and password where the proxy wants them.
///
/// A SOCKS proxy is given Telegram's name, not its address: where Telegram is blocked, its name is seldom resolved rightly
/// (RFC 1928 §5, domain name).
///
/// # Errors
///
/// It is none of these. What was written is not repeated, since there may be a password in it.
pub(crate) fn read(written: &SecretString) -> Result<Proxy, SettingsError> {
    let written = written.expose_secret().trim();
    let url = reqwest::Url::parse(written).map_err(|_error| SettingsError::Proxy)?;
    let known = match url.scheme() {
        "http" | "https" | "socks5h" => written.to_owned(),
        "socks5" => written.replacen("socks5", "socks5h", 1),
        _ => return Err(SettingsError::Proxy),
    };
    if !url.has_host() {
        return Err(SettingsError::Proxy);
    }
    Proxy::all(known).map_err(|_error| SettingsError::Proxy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_proxy_and_what_is_none() {
        for written in [
            "http://127.0.0.1:8080",
            "https://proxy.example.org",
            "socks5://name:p%40ss@127.0.0.1:1080",
            " SOCKS5h://[::1]:1080 ",
        ] {
            let read = read(&SecretString::from(written));
            assert!(read.is_ok(), "{written}");
        }
        for written in [
            "",
            "127.0.0.1:1080",
            "proxy.example.org",
            "socks4://127.0.0.1:1080",
            "tg://proxy?server=x&port=443&secret=dd00",
            "http://",
            "http://name:SECRET@:8080",
        ] {
            let refused = read(&SecretString::from(written)).unwrap_err();
            assert_eq!(refused, SettingsError::Proxy, "{written}");
            assert!(!refused.to_string().contains("SECRET"));
        }
    }
}
