//! The log: to standard error, filtered by the configuration's `log`.

use std::str::FromStr;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::config::LogFormat;

/// Libraries that say more than anyone wants to know. The configuration may say otherwise, as what comes later wins.
const QUIET: &str = "matrix_sdk=warn,matrix_sdk::http_client=off,matrix_sdk_base=warn,matrix_sdk_crypto=error,matrix_sdk_sqlite=warn,sled=warn,hyper=warn,reqwest=warn";

/// Starts the log of this process.
///
/// # Errors
///
/// The filter is not valid, or a log was started before.
pub(crate) fn start(filter: &str, format: LogFormat) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(format!("{QUIET},{}", trimmed(filter)))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(crate::terminal_style::colours(&std::io::stderr()));
    let started = match format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("failed to start the log: {error}"))
}

/// Checks a filter before it is used.
///
/// # Errors
///
/// In words for the one who wrote it. A mistyped level passes for a module's name with the library that reads it, and
/// would silence everything.
pub(crate) fn check_filter(filter: &str) -> Result<(), String> {
    for directive in filter.split(',').map(str::trim) {
        let is_word = !directive.contains(['=', ':', '[']);
        if is_word && (directive.is_empty() || LevelFilter::from_str(directive).is_err()) {
            return Err(format!(
                "\"{directive}\" is no level; write error, warn, info, debug or trace, or module=level"
            ));
        }
    }
    EnvFilter::try_new(trimmed(filter))
        .map(drop)
        .map_err(|error| format!("\"{filter}\" is no filter: {error}"))
}

/// The library takes no space after a comma.
fn trimmed(filter: &str) -> String {
    filter
        .split(',')
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_levels_by_module() {
        let cases = [
            ("info", true),
            ("info,modem=debug", true),
            ("warn, bridge_core=trace", true),
            ("inof", false),
            ("info,modem", false),
            ("modem=loud", false),
            ("", false),
        ];
        for (filter, valid) in cases {
            assert_eq!(check_filter(filter).is_ok(), valid, "{filter:?}");
        }
    }
}
