"""Reads PDUs with gammu, which shares no code with this crate.

In: a TPDU on each line, in hexadecimal digits, without a service centre. Out: for each line one JSON object, or, where
gammu cannot read it, one with the key "error".
"""

import json
import sys

import gammu


def text(handed_over):
    # python-gammu copies as many code units as there were septets. With escapes there are fewer: its string ends at the
    # zero, and what follows is whatever was in that memory. Halves of surrogate pairs come one by one.
    end, _, _ = handed_over.partition("\0")
    return end.encode("utf-16", "surrogatepass").decode("utf-16")


def read(tpdu):
    message = gammu.DecodePDU(bytes.fromhex(tpdu), False)
    header = message["UDH"]
    return {
        "type": message["Type"],
        "number": message["Number"],
        "text": text(message["Text"]),
        "coding": message["Coding"],
        "length": message["Length"],
        "class": message["Class"],
        "part": header["PartNumber"],
        "total": header["AllParts"],
        "reference8": header["ID8bit"],
        "reference16": header["ID16bit"],
        "header": header["Text"].hex(),
    }


for line in sys.stdin:
    try:
        answer = read(line.strip())
    except gammu.GSMError as error:
        answer = {"error": str(error)}
    print(json.dumps(answer))
