//! A map from XML names to what the plan keeps for them, built once and probed per tag.

/// A name as it is compared: by its first sixteen bytes in one number, which is all that most
/// names have. A call of the library's comparison costs more than comparing them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name<'b> {
    text: &'b [u8],
    /// Zero beyond the name's end.
    head: u128,
}

/// For each number of bytes, the bits of that many.
const FIRST: [u128; 17] = {
    let mut masks = [u128::MAX; 17];
    let mut length = 0;
    while length < 16 {
        masks[length] = (1 << (8 * length)) - 1;
        length += 1;
    }
    masks
};

/// Bit 5 of each of eight bytes: what tells an ASCII letter's cases apart.
const CASE: u64 = 0x2020_2020_2020_2020;

impl<'b> Name<'b> {
    /// A name outside a document.
    pub fn new(name: &'b [u8]) -> Self {
        Self::within(name, 0, name.len())
    }

    /// The name at `start..end` of a document.
    #[inline(always)]
    pub fn within(document: &'b [u8], start: usize, end: usize) -> Self {
        let text = &document[start..end];
        let head = match document[start..].first_chunk() {
            Some(sixteen) => u128::from_le_bytes(*sixteen) & FIRST[text.len().min(16)],
            None => short_head(text),
        };
        Self { text, head }
    }

    /// Its number of bytes.
    #[inline(always)]
    pub fn len(self) -> usize {
        self.text.len()
    }

    /// Equal for names that are equal ignoring ASCII case.
    #[inline(always)]
    pub fn hash(self) -> u32 {
        let (first, mut last) = (self.head as u64, (self.head >> 64) as u64);
        if self.text.len() > 16 {
            last = self.text.last_chunk().map_or(last, |tail| u64::from_le_bytes(*tail));
        }
        let mixed = (first | CASE) ^ (last | CASE).rotate_left(29);
        let mixed = mixed.wrapping_add(self.text.len() as u64);
        (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u32
    }
}

impl PartialEq for Name<'_> {
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        self.head == other.head
            && self.text.len() == other.text.len()
            && (self.text.len() <= 16 || self.text == other.text)
    }
}

/// [`Name::head`] of a name with fewer than sixteen bytes behind its start.
fn short_head(name: &[u8]) -> u128 {
    // Two halves that overlap, of the first size that fits.
    let halves = |first: u64, last: u64, size: usize| {
        u128::from(first) | u128::from(last) << (8 * (name.len() - size))
    };
    if let (Some(first), Some(last)) = (name.first_chunk::<8>(), name.last_chunk::<8>()) {
        return halves(u64::from_le_bytes(*first), u64::from_le_bytes(*last), 8);
    }
    match (name.first_chunk::<4>(), name.last_chunk::<4>()) {
        (Some(first), Some(last)) => {
            let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
            halves(first.into(), last.into(), 4)
        }
        _ => name.iter().rev().fold(0, |head, byte| head << 8 | u128::from(*byte)),
    }
}

/// Names to values, matched exactly or ignoring ASCII case.
#[derive(Debug, Clone)]
pub(crate) struct NameMap<T> {
    /// Index into `entries` plus one; 0 is free. The length is a power of two.
    slots: Box<[u32]>,
    entries: Vec<Entry<T>>,
    ignore_case: bool,
}

#[derive(Debug, Clone)]
struct Entry<T> {
    head: u128,
    name: Box<[u8]>,
    value: T,
}

impl<T> Entry<T> {
    #[inline(always)]
    fn name(&self) -> Name<'_> {
        Name { text: &self.name, head: self.head }
    }
}

/// An empty map with exact names.
impl<T> Default for NameMap<T> {
    fn default() -> Self {
        Self::new(false)
    }
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
    #[inline(always)]
    pub fn get(&self, name: Name<'_>) -> Option<&T> {
        self.entry_hashed(name, name.hash()).map(|(_, value)| value)
    }

    #[inline(always)]
    fn matches(&self, known: Name<'_>, name: Name<'_>) -> bool {
        known == name || (self.ignore_case && known.text.eq_ignore_ascii_case(name.text))
    }

    /// The name as it is kept, and its value, for a caller that has the hash.
    #[inline(always)]
    pub fn entry_hashed(&self, name: Name<'_>, hash: u32) -> Option<(&[u8], &T)> {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let entry = match self.slots[at] {
                0 => return None,
                index => &self.entries[index as usize - 1],
            };
            if self.matches(entry.name(), name) {
                return Some((&entry.name, &entry.value));
            }
            at = (at + 1) & mask;
        }
    }

    /// The value of `name`, made when absent.
    pub fn entry(&mut self, name: &[u8], make: impl FnOnce() -> T) -> &mut T {
        let wanted = Name::new(name);
        let mask = self.slots.len() - 1;
        let mut at = wanted.hash() as usize & mask;
        let index = loop {
            match self.slots[at] {
                0 => break None,
                index if self.matches(self.entries[index as usize - 1].name(), wanted) => {
                    break Some(index as usize - 1);
                }
                _ => at = (at + 1) & mask,
            }
        };
        let index = index.unwrap_or_else(|| {
            let head = wanted.head;
            self.entries.push(Entry { head, name: name.into(), value: make() });
            self.slots[at] = self.entries.len() as u32;
            if self.entries.len() * 2 >= self.slots.len() {
                self.rebuild();
            }
            self.entries.len() - 1
        });
        &mut self.entries[index].value
    }

    /// Every value.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().map(|entry| &entry.value)
    }

    /// Every value, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.entries.iter_mut().map(|entry| &mut entry.value)
    }

    fn rebuild(&mut self) {
        let size = (self.entries.len() * 2 + 2).next_power_of_two();
        let mut slots = vec![0u32; size].into_boxed_slice();
        for (index, entry) in self.entries.iter().enumerate() {
            let mut at = entry.name().hash() as usize & (size - 1);
            while slots[at] != 0 {
                at = (at + 1) & (size - 1);
            }
            slots[at] = index as u32 + 1;
        }
        self.slots = slots;
    }
}
