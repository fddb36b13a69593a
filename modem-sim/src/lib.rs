//! A simulated GSM modem and network with virtual time and scripted faults, behind a pseudo-terminal or a TCP port.
