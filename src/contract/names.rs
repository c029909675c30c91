//! A map from XML names to what the plan keeps for them, built once and probed per tag.

/// Names to values, matched exactly or ignoring ASCII case.
#[derive(Debug, Clone)]
pub(crate) struct NameMap<T> {
    /// Index into `entries` plus one; 0 is free. The length is a power of two.
    slots: Box<[u32]>,
    entries: Vec<(Box<[u8]>, T)>,
    ignore_case: bool,
}

impl<T> NameMap<T> {
    /// An empty map.
    pub fn new(ignore_case: bool) -> Self {
        Self { slots: Box::new([0; 4]), entries: Vec::new(), ignore_case }
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value of `name`.
    #[inline]
    pub fn get(&self, name: &[u8]) -> Option<&T> {
        self.get_hashed(name, name_hash(name))
    }

    /// [`NameMap::get`] for a caller that has the hash.
    #[inline(always)]
    pub fn get_hashed(&self, name: &[u8], hash: u32) -> Option<&T> {
        self.entry_hashed(name, hash).map(|(_, value)| value)
    }

    #[inline]
    fn matches(&self, known: &[u8], name: &[u8]) -> bool {
        same(known, name) || (self.ignore_case && known.eq_ignore_ascii_case(name))
    }

    /// The name as it is kept, and its value.
    #[inline]
    pub fn entry_hashed(&self, name: &[u8], hash: u32) -> Option<(&[u8], &T)> {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let (known, value) = match self.slots[at] {
                0 => return None,
                index => &self.entries[index as usize - 1],
            };
            if self.matches(known, name) {
                return Some((known, value));
            }
            at = (at + 1) & mask;
        }
    }

    /// The value of `name`, made when absent.
    pub fn entry(&mut self, name: &[u8], make: impl FnOnce() -> T) -> &mut T {
        let index = match self.entries.iter().position(|(known, _)| self.matches(known, name)) {
            Some(index) => index,
            None => {
                self.entries.push((name.into(), make()));
                self.rebuild();
                self.entries.len() - 1
            }
        };
        &mut self.entries[index].1
    }

    /// Every value.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().map(|(_, value)| value)
    }

    /// Every value, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.entries.iter_mut().map(|(_, value)| value)
    }

    fn rebuild(&mut self) {
        let size = (self.entries.len() * 2 + 2).next_power_of_two();
        let mut slots = vec![0u32; size].into_boxed_slice();
        for (index, (name, _)) in self.entries.iter().enumerate() {
            let mut at = name_hash(name) as usize & (size - 1);
            while slots[at] != 0 {
                at = (at + 1) & (size - 1);
            }
            slots[at] = index as u32 + 1;
        }
        self.slots = slots;
    }
}

/// Equal for names that are equal ignoring ASCII case: the first and last eight bytes with bit 5
/// set, and the length.
#[inline]
pub(crate) fn name_hash(name: &[u8]) -> u32 {
    let (first, last) = match (name.first_chunk::<8>(), name.last_chunk::<8>()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => match (name.first_chunk::<4>(), name.last_chunk::<4>()) {
            (Some(a), Some(b)) => (u32::from_le_bytes(*a).into(), u32::from_le_bytes(*b).into()),
            _ => match name {
                [] => (0, 0),
                [first, .., last] => {
                    let middle = name[name.len() / 2];
                    (u64::from(*first) | u64::from(middle) << 8, u64::from(*last))
                }
                [only] => (u64::from(*only), 0),
            },
        },
    };
    let first = first | 0x2020_2020_2020_2020;
    let last = last | 0x2020_2020_2020_2020;
    let mixed = (first ^ last.rotate_left(29)).wrapping_add(name.len() as u64);
    (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u32
}

/// Whether two names are equal. Names are short, and a call of the library's comparison costs
/// more than comparing them.
#[inline(always)]
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let ends = |bytes: &[u8]| -> Option<(u64, u64)> {
        match bytes.len() {
            0 => Some((0, 0)),
            1 => Some((bytes[0].into(), 0)),
            2..=3 => {
                let (first, last) = (bytes.first_chunk()?, bytes.last_chunk()?);
                Some((u16::from_le_bytes(*first).into(), u16::from_le_bytes(*last).into()))
            }
            4..=7 => {
                let (first, last) = (bytes.first_chunk()?, bytes.last_chunk()?);
                Some((u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into()))
            }
            8..=16 => {
                let (first, last) = (bytes.first_chunk()?, bytes.last_chunk()?);
                Some((u64::from_le_bytes(*first), u64::from_le_bytes(*last)))
            }
            _ => None,
        }
    };
    match a.len() {
        0..=16 => ends(a) == ends(b),
        _ => a == b,
    }
}
