//! Sixteen bytes compared at once, a bit of the answer for each.

/// Sixteen bytes.
#[derive(Clone, Copy)]
pub(super) struct Lanes(Bytes);

#[cfg(target_arch = "x86_64")]
type Bytes = std::arch::x86_64::__m128i;

#[cfg(not(target_arch = "x86_64"))]
type Bytes = [u8; 16];

/// How many bytes are compared at once.
pub(super) const WIDTH: usize = 16;

impl Lanes {
    /// The sixteen bytes from `at` on, where there are as many.
    #[inline(always)]
    pub fn at(bytes: &[u8], at: usize) -> Option<Self> {
        Some(Self::new(bytes.get(at..)?.first_chunk()?))
    }
}

#[cfg(target_arch = "x86_64")]
impl Lanes {
    #[inline(always)]
    pub fn new(bytes: &[u8; 16]) -> Self {
        // SAFETY: SSE2 is part of every x86_64 target; 16 bytes are read from a reference to 16,
        // and the load needs no alignment.
        Self(unsafe { std::arch::x86_64::_mm_loadu_si128(bytes.as_ptr().cast()) })
    }

    /// Which bytes are this one.
    #[inline(always)]
    pub fn equal(self, byte: u8) -> u32 {
        use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_movemask_epi8, _mm_set1_epi8};
        // SAFETY: SSE2 is part of every x86_64 target.
        unsafe { _mm_movemask_epi8(_mm_cmpeq_epi8(self.0, _mm_set1_epi8(byte as i8))) as u32 }
    }

    /// Which bytes are the same.
    #[inline(always)]
    pub fn same(self, others: Self) -> u32 {
        use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_movemask_epi8};
        // SAFETY: SSE2 is part of every x86_64 target.
        unsafe { _mm_movemask_epi8(_mm_cmpeq_epi8(self.0, others.0)) as u32 }
    }

    /// Which bytes are at most this one.
    #[inline(always)]
    pub fn at_most(self, byte: u8) -> u32 {
        use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_min_epu8, _mm_movemask_epi8, _mm_set1_epi8};
        // SAFETY: SSE2 is part of every x86_64 target.
        unsafe {
            let least = _mm_min_epu8(self.0, _mm_set1_epi8(byte as i8));
            _mm_movemask_epi8(_mm_cmpeq_epi8(self.0, least)) as u32
        }
    }

    /// Which bytes are this one when the bits of `mask` alone are looked at.
    #[inline(always)]
    pub fn equal_masked(self, mask: u8, byte: u8) -> u32 {
        use std::arch::x86_64::{_mm_and_si128, _mm_set1_epi8};
        // SAFETY: SSE2 is part of every x86_64 target.
        Self(unsafe { _mm_and_si128(self.0, _mm_set1_epi8(mask as i8)) }).equal(byte)
    }
}

#[cfg(not(target_arch = "x86_64"))]
impl Lanes {
    pub fn new(bytes: &[u8; 16]) -> Self {
        Self(*bytes)
    }

    fn bits(self, is_set: impl Fn(u8) -> bool) -> u32 {
        let bit = |(lane, byte): (usize, &u8)| u32::from(is_set(*byte)) << lane;
        self.0.iter().enumerate().map(bit).sum()
    }

    /// Which bytes are this one.
    pub fn equal(self, byte: u8) -> u32 {
        self.bits(|own| own == byte)
    }

    /// Which bytes are the same.
    pub fn same(self, others: Self) -> u32 {
        let bit = |lane: usize| u32::from(self.0[lane] == others.0[lane]) << lane;
        (0..WIDTH).map(bit).sum()
    }

    /// Which bytes are at most this one.
    pub fn at_most(self, byte: u8) -> u32 {
        self.bits(|own| own <= byte)
    }

    /// Which bytes are this one when the bits of `mask` alone are looked at.
    pub fn equal_masked(self, mask: u8, byte: u8) -> u32 {
        self.bits(|own| own & mask == byte)
    }
}

/// Whether `is_special` sets a bit for any byte of `bytes[from..to]`; `slow` decides the same for one
/// byte, for the end of the document.
#[inline(always)]
pub(super) fn any(
    bytes: &[u8],
    from: usize,
    to: usize,
    is_special: impl Fn(Lanes) -> u32,
    slow: impl Fn(u8) -> bool,
) -> bool {
    let mut at = from;
    while at < to {
        let Some(lanes) = Lanes::at(bytes, at) else {
            return bytes[at..to].iter().any(|byte| slow(*byte));
        };
        let wanted = if to - at >= WIDTH { 0xFFFF } else { (1 << (to - at)) - 1 };
        if is_special(lanes) & wanted != 0 {
            return true;
        }
        at += WIDTH;
    }
    false
}
