//! The parts of a date's text, read one after the other.

use chrono::{FixedOffset, NaiveDate, NaiveTime};

/// Reads a text from its front.
pub struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { rest: text.as_bytes() }
    }

    #[inline]
    pub fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    #[inline]
    pub fn byte_at(&self, index: usize) -> Option<u8> {
        self.rest.get(index).copied()
    }

    #[inline]
    pub fn take(&mut self, byte: u8) -> bool {
        let found = self.rest.first() == Some(&byte);
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    #[inline]
    pub fn blank_then_digit(&mut self) -> bool {
        self.byte_at(1).is_some_and(|b| b.is_ascii_digit()) && self.take(b' ')
    }

    /// Exactly `count` digits.
    #[inline]
    pub fn digits(&mut self, count: usize) -> Option<u32> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        let mut number = 0;
        for byte in taken {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            number = number * 10 + u32::from(digit);
        }
        self.rest = rest;
        Some(number)
    }

    /// As many digits as there are, up to `most`; how many, and their number.
    #[inline]
    pub fn digits_up_to(&mut self, most: usize) -> (usize, u32) {
        let count = self.rest.iter().take(most).take_while(|b| b.is_ascii_digit()).count();
        (count, self.digits(count).unwrap_or(0))
    }

    /// Two digits when `padded`, else one or two.
    #[inline]
    pub fn two_or_fewer(&mut self, padded: bool) -> Option<u32> {
        if padded {
            return self.digits(2);
        }
        let (count, number) = self.digits_up_to(2);
        (count > 0).then_some(number)
    }

    pub fn iso_date(&mut self) -> Option<NaiveDate> {
        let year = self.digits(4)?;
        let dashed = self.take(b'-');
        let month = self.digits(2)?;
        if dashed && !self.take(b'-') {
            return None;
        }
        date(year, month, self.digits(2)?)
    }

    /// A time of day; `24:00:00` is midnight, and that of the next day.
    pub fn iso_time(&mut self) -> Option<(NaiveTime, bool)> {
        let hour = self.digits(2)?;
        if !self.take(b':') {
            return None;
        }
        let minute = self.digits(2)?;
        let (mut second, mut nanosecond) = (0, 0);
        if self.take(b':') {
            second = self.digits(2)?;
            if self.take(b'.') {
                let (count, fraction) = self.digits_up_to(9);
                nanosecond = (count > 0).then(|| nanoseconds(fraction, count))?;
            }
        }
        if (hour, minute, second, nanosecond) == (24, 0, 0, 0) {
            return Some((NaiveTime::MIN, true));
        }
        Some((NaiveTime::from_hms_nano_opt(hour, minute, second, nanosecond)?, false))
    }

    pub fn iso_offset(&mut self) -> Option<FixedOffset> {
        if self.take(b'Z') || self.take(b'z') {
            return FixedOffset::east_opt(0);
        }
        let sign = self.sign()?;
        let hours = self.digits(2)?;
        if !self.take(b':') {
            return None;
        }
        offset(sign, hours, self.digits(2)?)
    }

    #[inline]
    pub fn sign(&mut self) -> Option<i32> {
        match self.byte_at(0)? {
            b'+' if self.take(b'+') => Some(1),
            b'-' if self.take(b'-') => Some(-1),
            _ => None,
        }
    }

    /// The text, exactly.
    #[inline]
    pub fn literal(&mut self, text: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(text.as_bytes())?;
        Some(())
    }

    /// The index of the name at the front, in any case.
    pub fn name<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) -> Option<u32> {
        let starts = |name: &str| {
            self.rest.get(..name.len()).is_some_and(|t| t.eq_ignore_ascii_case(name.as_bytes()))
        };
        let (index, name) = (0..).zip(names).find(|(_, name)| starts(name))?;
        self.rest = &self.rest[name.len()..];
        Some(index)
    }
}

pub fn date(year: u32, month: u32, day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year as i32, month, day).filter(|_| year >= 1)
}

pub fn offset(sign: i32, hours: u32, minutes: u32) -> Option<FixedOffset> {
    if minutes > 59 || hours * 60 + minutes > 14 * 60 {
        return None;
    }
    FixedOffset::east_opt(sign * (hours * 3600 + minutes * 60) as i32)
}

/// A fraction of `count` digits as nanoseconds.
pub fn nanoseconds(fraction: u32, count: usize) -> u32 {
    fraction * 10u32.pow(9 - count as u32)
}
