//! The domain of sms-bridge: conversations, messages, delivery state, routing, people, commands, the store.
