//! The places of the four bytes that bound markup, a bit for each of 64 bytes.

/// Bytes to a mask.
pub(super) const BLOCK: usize = 64;

/// Positions in one block, a bit each.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Masks {
    pub less: u64,
    pub greater: u64,
    pub double: u64,
    pub single: u64,
}

/// The masks of the blocks of `bytes`, as many as `into` holds; beyond the end there is nothing.
pub(super) fn fill(bytes: &[u8], into: &mut [Masks]) {
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    let whole = blocks.len().min(into.len());
    of_blocks(&blocks[..whole], &mut into[..whole]);
    let Some((last, beyond)) = into[whole..].split_first_mut() else { return };
    let mut block = [0; BLOCK];
    block[..rest.len()].copy_from_slice(rest);
    of_blocks(&[block], std::slice::from_mut(last));
    beyond.fill(Masks::default());
}

#[cfg(target_arch = "x86_64")]
fn of_blocks(blocks: &[[u8; BLOCK]], into: &mut [Masks]) {
    if std::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        unsafe { with_avx2(blocks, into) }
    } else {
        by_sixteens(blocks, into);
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn of_blocks(blocks: &[[u8; BLOCK]], into: &mut [Masks]) {
    by_sixteens(blocks, into);
}

fn by_sixteens(blocks: &[[u8; BLOCK]], into: &mut [Masks]) {
    use super::lanes::{Lanes, WIDTH};
    for (block, into) in blocks.iter().zip(into) {
        let mut found = Masks::default();
        for (number, part) in block.as_chunks::<WIDTH>().0.iter().enumerate() {
            let lanes = Lanes::new(part);
            let at = |byte: u8| u64::from(lanes.equal(byte)) << (number * WIDTH);
            found.less |= at(b'<');
            found.greater |= at(b'>');
            found.double |= at(b'"');
            found.single |= at(b'\'');
        }
        *into = found;
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn with_avx2(blocks: &[[u8; BLOCK]], into: &mut [Masks]) {
    use std::arch::x86_64::{
        _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_set1_epi8,
    };
    for (block, into) in blocks.iter().zip(into) {
        // SAFETY: both halves of 32 bytes lie in the block, and the load needs no alignment.
        let (low, high) = unsafe {
            let start = block.as_ptr();
            (_mm256_loadu_si256(start.cast()), _mm256_loadu_si256(start.add(32).cast()))
        };
        let at = |byte: u8| {
            let wanted = _mm256_set1_epi8(byte as i8);
            let low = _mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted)) as u32;
            let high = _mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted)) as u32;
            u64::from(low) | u64::from(high) << 32
        };
        *into = Masks { less: at(b'<'), greater: at(b'>'), double: at(b'"'), single: at(b'\'') };
    }
}
