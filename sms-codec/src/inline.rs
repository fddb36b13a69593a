//! A few octets that are kept where they are used, so that reading a TPDU asks for no memory but that of its text.

use std::fmt;
use std::hash::{Hash, Hasher};

/// Up to `N` octets, `N` at most 255.
#[derive(Clone, Copy)]
pub(crate) struct Inline<const N: usize> {
    length: u8,
    octets: [u8; N],
}

impl<const N: usize> Inline<N> {
    pub(crate) const EMPTY: Self = Self {
        length: 0,
        octets: [0; N],
    };

    /// `None` where there are more than `N`.
    pub(crate) fn new(octets: &[u8]) -> Option<Self> {
        let mut inline = Self::EMPTY;
        inline.extend(octets)?;
        Some(inline)
    }

    /// `count` zeros; `None` where there are more than `N`.
    pub(crate) fn zeros(count: usize) -> Option<Self> {
        (count <= N).then_some(())?;
        Some(Self {
            length: u8::try_from(count).ok()?,
            ..Self::EMPTY
        })
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [u8] {
        self.octets
            .get_mut(..usize::from(self.length))
            .unwrap_or_default()
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        self.octets
            .get(..usize::from(self.length))
            .unwrap_or_default()
    }

    /// All or nothing: `None` where they do not fit.
    pub(crate) fn extend(&mut self, octets: &[u8]) -> Option<()> {
        let start = usize::from(self.length);
        let end = start + octets.len();
        let length = u8::try_from(end).ok()?;
        self.octets.get_mut(start..end)?.copy_from_slice(octets);
        self.length = length;
        Some(())
    }
}

impl<const N: usize> PartialEq for Inline<N> {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl<const N: usize> Eq for Inline<N> {}

impl<const N: usize> Hash for Inline<N> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_slice().hash(state);
    }
}

impl<const N: usize> fmt::Debug for Inline<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_come_back_and_too_many_are_refused() {
        let mut inline = Inline::<4>::new(&[1, 2]).unwrap();
        assert_eq!(inline.extend(&[3, 4]), Some(()));
        assert_eq!(inline.as_slice(), [1, 2, 3, 4]);
        assert_eq!(inline.extend(&[5]), None);
        assert_eq!(inline, Inline::<4>::new(&[1, 2, 3, 4]).unwrap());
        assert_eq!(Inline::<4>::new(&[0; 5]), None);
        assert_eq!(Inline::<300>::new(&[0; 256]), None);
        assert_eq!(Inline::<300>::zeros(256), None);
        assert_eq!(Inline::<4>::zeros(5), None);
        let mut zeros = Inline::<4>::zeros(2).unwrap();
        zeros.as_mut_slice()[1] = 9;
        assert_eq!(zeros.as_slice(), [0, 9]);
        assert_eq!(format!("{:?}", Inline::<4>::new(&[7]).unwrap()), "[7]");
    }
}
