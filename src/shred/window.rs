//! Thirty-two bytes compared at once, a bit of the answer for each.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

use super::lanes::Lanes;

/// How many bytes are compared at once.
pub(super) const WINDOW: usize = 32;

/// Thirty-two bytes of a document.
pub(super) trait Window: Copy {
    fn new(bytes: &[u8; WINDOW]) -> Self;

    /// Which bytes are this one.
    fn equal(self, byte: u8) -> u32;

    /// Which bytes are the same.
    fn same(self, others: &[u8; WINDOW]) -> u32;
}

/// Two halves, for every processor.
#[derive(Clone, Copy)]
pub(super) struct Halves(Lanes, Lanes);

impl Halves {
    #[inline(always)]
    fn both(self, bits: impl Fn(Lanes) -> u32) -> u32 {
        bits(self.0) | bits(self.1) << 16
    }
}

impl Window for Halves {
    #[inline(always)]
    fn new(bytes: &[u8; WINDOW]) -> Self {
        let (halves, _) = bytes.as_chunks();
        Self(Lanes::new(&halves[0]), Lanes::new(&halves[1]))
    }

    #[inline(always)]
    fn equal(self, byte: u8) -> u32 {
        self.both(|lanes| lanes.equal(byte))
    }

    #[inline(always)]
    fn same(self, others: &[u8; WINDOW]) -> u32 {
        let others = Self::new(others);
        self.0.same(others.0) | self.1.same(others.1) << 16
    }
}

/// In one register. Only functions with AVX2 may use it.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(super) struct Whole(__m256i);

// SAFETY of all that is below: only functions with AVX2 use it, and 32 bytes are read from a reference
// to 32, by loads that need no alignment.
#[cfg(target_arch = "x86_64")]
impl Window for Whole {
    #[inline(always)]
    fn new(bytes: &[u8; WINDOW]) -> Self {
        Self(unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) })
    }

    #[inline(always)]
    fn equal(self, byte: u8) -> u32 {
        unsafe {
            let wanted = _mm256_set1_epi8(byte as i8);
            _mm256_movemask_epi8(_mm256_cmpeq_epi8(self.0, wanted)) as u32
        }
    }

    #[inline(always)]
    fn same(self, others: &[u8; WINDOW]) -> u32 {
        let Self(others) = Self::new(others);
        unsafe { _mm256_movemask_epi8(_mm256_cmpeq_epi8(self.0, others)) as u32 }
    }
}

/// A document whose windows are read.
#[derive(Clone, Copy)]
pub(super) struct Windows<'b> {
    bytes: &'b [u8],
    /// Where the last window begins.
    last: usize,
}

impl<'b> Windows<'b> {
    /// None where the document is shorter than a window.
    #[inline(always)]
    pub fn new(bytes: &'b [u8]) -> Option<Self> {
        Some(Self { bytes, last: bytes.len().checked_sub(WINDOW)? })
    }

    /// The window at `at` and the first byte of it.
    #[inline(always)]
    pub fn at<W: Window>(self, at: usize) -> Option<(u8, W)> {
        if at > self.last {
            return None;
        }
        // SAFETY: the document has a whole window there.
        let window = unsafe { &*self.bytes.as_ptr().add(at).cast::<[u8; WINDOW]>() };
        Some((window[0], W::new(window)))
    }

    /// The first position from `from` on with this byte, as long as there are windows.
    #[inline(always)]
    pub fn find<W: Window>(self, mut from: usize, byte: u8) -> Option<usize> {
        loop {
            let (_, window) = self.at::<W>(from)?;
            let found = window.equal(byte);
            if found != 0 {
                return Some(from + found.trailing_zeros() as usize);
            }
            from += WINDOW;
        }
    }
}
