//! A Telegram Bot API server for tests, written from the Bot API's documentation.
