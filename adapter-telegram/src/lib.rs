//! Telegram as a chat network of sms-bridge.
