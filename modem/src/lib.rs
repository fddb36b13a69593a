//! A GSM modem on a serial port: bring-up and the AT/PDU send/receive loop, sans-I/O engine and tokio driver.
