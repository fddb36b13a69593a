//! A cursor over the octets of a PDU that knows where it is and collects anomalies.

use crate::error::{Anomaly, AnomalyKind, DecodeError, Fault, Field};

#[derive(Debug)]
pub(crate) struct Reader<'a> {
    octets: &'a [u8],
    position: usize,
    anomalies: Vec<Anomaly>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(octets: &'a [u8], anomalies: Vec<Anomaly>) -> Self {
        Self {
            octets,
            position: 0,
            anomalies,
        }
    }

    /// Octets read so far.
    pub(crate) fn offset(&self) -> usize {
        self.position
    }

    /// What is left, without taking it.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.octets.get(self.position..).unwrap_or_default()
    }

    pub(crate) fn anomalies(&self) -> &[Anomaly] {
        &self.anomalies
    }

    pub(crate) fn into_anomalies(self) -> Vec<Anomaly> {
        self.anomalies
    }

    pub(crate) fn flag(&mut self, offset: usize, kind: AnomalyKind) {
        self.anomalies.push(Anomaly { offset, kind });
    }

    pub(crate) fn octet(&mut self, field: Field) -> Result<u8, DecodeError> {
        let [octet] = self.array(field)?;
        Ok(octet)
    }

    pub(crate) fn array<const N: usize>(&mut self, field: Field) -> Result<[u8; N], DecodeError> {
        let Some((array, _)) = self.rest().split_first_chunk::<N>() else {
            return Err(self.truncated(field));
        };
        self.position += N;
        Ok(*array)
    }

    pub(crate) fn take(&mut self, count: usize, field: Field) -> Result<&'a [u8], DecodeError> {
        let Some((taken, _)) = self.rest().split_at_checked(count) else {
            return Err(self.truncated(field));
        };
        self.position += count;
        Ok(taken)
    }

    pub(crate) fn fault(&self, offset: usize, fault: Fault) -> DecodeError {
        DecodeError { offset, fault }
    }

    pub(crate) fn truncated(&self, field: Field) -> DecodeError {
        self.fault(self.position, Fault::Truncated(field))
    }
}
