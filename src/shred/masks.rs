//! The places of the bytes that bound markup, and of those that are right in some places only, a bit for
//! each of 64 bytes.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

/// Bytes to a mask.
pub(super) const BLOCK: usize = 64;

/// Positions in one block, a bit each.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Masks {
    pub less: u64,
    /// This one and the next two only where [`Looks::ForTags`].
    pub greater: u64,
    pub double: u64,
    pub single: u64,
    /// Only where [`Looks::ForAll`]: control characters that XML does not allow, `&`, `]`, and the first byte of
    /// the characters at the end of the first plane (`super::text::LAST`). They are looked at one by one.
    pub odd: u64,
}

/// Which masks are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looks {
    /// Those by which tags are found to end. What is in them is not looked at.
    ForTags,
    /// Those by which all characters are checked. Tags are read.
    ForAll,
}

/// The masks of the blocks of `bytes`, as many as `into` holds; beyond the end there is nothing.
pub(super) fn fill(bytes: &[u8], into: &mut [Masks], looks: Looks) {
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    let whole = blocks.len().min(into.len());
    of_blocks(&blocks[..whole], &mut into[..whole], looks);
    let Some((last, beyond)) = into[whole..].split_first_mut() else { return };
    let mut block = [b' '; BLOCK];
    block[..rest.len()].copy_from_slice(rest);
    of_blocks(&[block], std::slice::from_mut(last), looks);
    beyond.fill(Masks::default());
}

#[cfg(target_arch = "x86_64")]
fn of_blocks(blocks: &[[u8; BLOCK]], into: &mut [Masks], looks: Looks) {
    if std::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        match looks {
            Looks::ForTags => unsafe { tags_with_avx2(blocks, into) },
            Looks::ForAll => unsafe { all_with_avx2(blocks, into) },
        }
    } else {
        by_sixteens(blocks, into);
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn of_blocks(blocks: &[[u8; BLOCK]], into: &mut [Masks], _: Looks) {
    by_sixteens(blocks, into);
}

fn by_sixteens(blocks: &[[u8; BLOCK]], into: &mut [Masks]) {
    use super::lanes::{Lanes, WIDTH};
    use super::text::LAST;
    for (block, into) in blocks.iter().zip(into) {
        let mut found = Masks::default();
        for (number, part) in block.as_chunks::<WIDTH>().0.iter().enumerate() {
            let lanes = Lanes::new(part);
            let blanks = lanes.equal(b'\t') | lanes.equal(b'\n') | lanes.equal(b'\r');
            let control = lanes.at_most(b' ' - 1) & !blanks;
            let odd = control | lanes.equal(b'&') | lanes.equal(b']') | lanes.equal(LAST);
            let at = |bits: u32| u64::from(bits) << (number * WIDTH);
            found.less |= at(lanes.equal(b'<'));
            found.greater |= at(lanes.equal(b'>'));
            found.double |= at(lanes.equal(b'"'));
            found.single |= at(lanes.equal(b'\''));
            found.odd |= at(odd);
        }
        *into = found;
    }
}

/// For each half of a byte, the kinds of odd bytes that have it: a byte is odd if its halves have a
/// kind in common.
#[cfg(target_arch = "x86_64")]
const HALVES: ([u8; 16], [u8; 16]) = {
    let (mut low, mut high) = ([0; 16], [0; 16]);
    let mut byte = 0;
    while byte < 256 {
        let kind = match byte as u8 {
            b'\t' | b'\n' | b'\r' => 0,
            0..=0x0F => 1,
            0x10..=0x1F => 2,
            b'&' => 4,
            b']' => 8,
            super::text::LAST => 16,
            _ => 0,
        };
        low[byte & 15] |= kind;
        high[byte >> 4] |= kind;
        byte += 1;
    }
    (low, high)
};

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn tags_with_avx2(blocks: &[[u8; BLOCK]], into: &mut [Masks]) {
    for (block, into) in blocks.iter().zip(into) {
        let block = halves(block);
        let at = |byte: u8| bits_of(block, |half| equal(half, byte));
        let (less, greater, double, single) = (at(b'<'), at(b'>'), at(b'"'), at(b'\''));
        *into = Masks { less, greater, double, single, odd: 0 };
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn all_with_avx2(blocks: &[[u8; BLOCK]], into: &mut [Masks]) {
    // SAFETY: 16 bytes are read from references to 16.
    let table = |half: &[u8; 16]| unsafe {
        _mm256_broadcastsi128_si256(_mm_loadu_si128(half.as_ptr().cast()))
    };
    let (low, high) = (table(&HALVES.0), table(&HALVES.1));
    let half_byte = _mm256_set1_epi8(15);
    let odd = |half: __m256i| {
        let of_low = _mm256_shuffle_epi8(low, _mm256_and_si256(half, half_byte));
        let of_high = _mm256_and_si256(_mm256_srli_epi16(half, 4), half_byte);
        let common = _mm256_and_si256(of_low, _mm256_shuffle_epi8(high, of_high));
        _mm256_cmpgt_epi8(common, _mm256_setzero_si256())
    };
    for (block, into) in blocks.iter().zip(into) {
        let block = halves(block);
        into.less = bits_of(block, |half| equal(half, b'<'));
        into.odd = bits_of(block, odd);
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2")]
fn halves(block: &[u8; BLOCK]) -> (__m256i, __m256i) {
    // SAFETY: both halves of 32 bytes lie in the block, and the load needs no alignment.
    unsafe {
        let start = block.as_ptr();
        (_mm256_loadu_si256(start.cast()), _mm256_loadu_si256(start.add(32).cast()))
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2")]
fn equal(half: __m256i, byte: u8) -> __m256i {
    _mm256_cmpeq_epi8(half, _mm256_set1_epi8(byte as i8))
}

/// The bits of both halves.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2")]
fn bits_of((low, high): (__m256i, __m256i), wanted: impl Fn(__m256i) -> __m256i) -> u64 {
    let bits = |half: __m256i| _mm256_movemask_epi8(wanted(half)) as u32;
    u64::from(bits(low)) | u64::from(bits(high)) << 32
}

#[cfg(test)]
mod tests {
    use super::{by_sixteens, fill, Looks, Masks, BLOCK};

    #[test]
    fn each_byte_has_its_kind_wherever_it_is() {
        for byte in 0..=255_u8 {
            for place in 0..BLOCK {
                let mut block = [b'a'; BLOCK];
                block[place] = byte;
                let [mut tags, mut all, mut narrow] = [[Masks::default()]; 3];
                fill(&block, &mut tags, Looks::ForTags);
                fill(&block, &mut all, Looks::ForAll);
                by_sixteens(&[block], &mut narrow);
                let is_odd = matches!(byte, 0..=8 | 11 | 12 | 14..=31 | b'&' | b']' | 0xEF);
                let shown = format!("{byte} at {place}");
                for masks in [tags[0], narrow[0]] {
                    let Masks { less, greater, double, single, .. } = masks;
                    for (mask, wanted) in
                        [(less, b'<'), (greater, b'>'), (double, b'"'), (single, b'\'')]
                    {
                        assert_eq!(mask, u64::from(byte == wanted) << place, "{shown}");
                    }
                }
                for Masks { less, odd, .. } in [all[0], narrow[0]] {
                    assert_eq!(less, u64::from(byte == b'<') << place, "{shown}");
                    assert_eq!(odd, u64::from(is_odd) << place, "{shown}");
                }
            }
        }
    }
}
