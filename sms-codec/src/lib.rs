//! SMS TPDUs and alphabets of 3GPP TS 23.040 and TS 23.038: parse, emit, segment.
