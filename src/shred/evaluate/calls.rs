//! Calls of the language's functions.

use std::borrow::Cow;
use std::cmp::Ordering;

use chrono::FixedOffset;
use memchr::memmem;

use super::arithmetic::shown;
use super::datum::{Datum, NULL};
use super::scope::Scope;
use crate::contract::expr::ast::Function;
use crate::contract::plan::Op;
use crate::reason::{self, known, nested, reason};
use crate::shred::fault::Result;
use crate::shred::scan::name_length;
use crate::value::datetime::parse_offset;
use crate::value::{clip, functions, is_blank, trim_xml, Number, Value};

impl<'t> Scope<'t> {
    pub(super) fn call(&self, function: Function, arguments: &'t [Op]) -> Result<Datum<'t>> {
        match function {
            Function::Coalesce => {
                for argument in arguments {
                    let value = self.value(argument)?;
                    if !value.is_null() {
                        return Ok(value);
                    }
                }
                Ok(NULL)
            }
            Function::NullIf => {
                let first = self.placed(&arguments[0])?;
                let order = self.compare_placed(&first, &self.placed(&arguments[1])?)?;
                self.last_read.set(first.at);
                Ok(if order == Some(Ordering::Equal) { NULL } else { first.value })
            }
            Function::Concat => {
                let mut joined = String::new();
                for argument in arguments {
                    let text = self.value(argument)?.text().unwrap_or_default();
                    self.setting.meter.pass(text.len())?;
                    joined.push_str(&text);
                }
                Ok(Datum::Text(Cow::Owned(joined)))
            }
            Function::AppId => Ok(Datum::integer(self.setting.app_id.0)),
            Function::Ordinal => Ok(self.ordinal.map_or(NULL, Datum::integer)),
            Function::Part => {
                let Some(part) = self.part else { return Ok(NULL) };
                self.last_read.set(part.at);
                Ok(Datum::Text(Cow::Borrowed(part.text)))
            }
            Function::Position => Ok(self.part.map_or(NULL, |part| Datum::integer(part.number))),
            Function::NowUtc => Ok(Datum::Value(Value::DateTime(self.setting.now.naive_utc()))),
            Function::Name => Ok(Datum::Text(Cow::Borrowed(self.row_name()))),
            Function::LocalName => {
                let name = self.row_name();
                Ok(Datum::Text(Cow::Borrowed(name.rsplit(':').next().unwrap_or(name))))
            }
            Function::Flag => self.flag(arguments),
            Function::SwitchOffset => self.switch_offset(arguments),
            Function::Year | Function::Month | Function::Day => self.part(function, &arguments[0]),
            Function::Abs
            | Function::Round
            | Function::Floor
            | Function::Ceiling
            | Function::Power => self.numeric(function, arguments),
            _ => self.textual(function, arguments),
        }
    }

    fn row_name(&self) -> &'t str {
        let after = &self.setting.text[self.captures.frame(self.frame).at as usize + 1..];
        &after[..name_length(after.as_bytes())]
    }

    pub(super) fn flag(&self, arguments: &'t [Op]) -> Result<Datum<'t>> {
        let text = self.value(&arguments[0])?.text().unwrap_or_default();
        let key = trim_xml(&text);
        for listed in &arguments[1..] {
            if self.value(listed)?.text().is_some_and(|listed| functions::equal(key, &listed)) {
                return Ok(Datum::integer(1));
            }
        }
        Ok(Datum::integer(0))
    }

    pub(super) fn part(&self, function: Function, date: &'t Op) -> Result<Datum<'t>> {
        let Some(date) = self.date(date)? else { return Ok(NULL) };
        let part = match function {
            Function::Year => functions::year(&date),
            Function::Month => functions::month(&date),
            _ => functions::day(&date),
        };
        let part = part.map_err(|error| self.bad(error.reason(), ""))?;
        Ok(part.map_or(NULL, Datum::integer))
    }

    fn switch_offset(&self, arguments: &'t [Op]) -> Result<Datum<'t>> {
        let Some(date) = self.date(&arguments[0])? else { return Ok(NULL) };
        let at = self.last_read.get();
        let offset = match self.value(&arguments[1])? {
            Datum::Value(Value::Null) => return Ok(NULL),
            Datum::Text(text) => parse_offset(&text),
            number => {
                let minutes = self.to_number(&number)?.and_then(Number::to_i64_truncated);
                let minutes = minutes.filter(|minutes| minutes.abs() <= 14 * 60);
                minutes.and_then(|minutes| FixedOffset::east_opt(minutes as i32 * 60))
            }
        };
        let Some(offset) = offset else {
            return Err(self.bad("an offset from UTC is +02:00, or minutes, within 14 hours", ""));
        };
        self.last_read.set(at);
        let switched = functions::switch_offset(&date, offset);
        switched.map(Datum::Value).map_err(|error| self.bad(error.reason(), ""))
    }

    fn numeric(&self, function: Function, arguments: &'t [Op]) -> Result<Datum<'t>> {
        let Some(number) = self.number(&arguments[0])? else { return Ok(NULL) };
        let result = match function {
            Function::Abs => number.abs(),
            Function::Floor => Ok(number.floor()),
            Function::Ceiling => Ok(number.ceiling()),
            Function::Round => {
                let Some(digits) = self.integer(&arguments[1])? else { return Ok(NULL) };
                number.round(digits.clamp(-400, 400) as i32)
            }
            _ => {
                let Some(exponent) = self.number(&arguments[1])? else { return Ok(NULL) };
                number.power(exponent)
            }
        };
        let shown = shown(number);
        result.map(Datum::from).map_err(|error| {
            let reason = reason!("{}: {}", reason::number(&shown), nested(&error.reason()));
            self.bad(reason, &shown)
        })
    }

    fn textual(&self, function: Function, arguments: &'t [Op]) -> Result<Datum<'t>> {
        let Some(text) = self.value(&arguments[0])?.text() else { return Ok(NULL) };
        let meter = self.setting.meter;
        meter.work(text.len())?;
        let is_copied = matches!(text, Cow::Owned(_))
            || matches!(function, Function::Upper | Function::Lower | Function::Digits);
        if is_copied {
            meter.pass(text.len())?;
        }
        match function {
            Function::Upper => Ok(mapped(text, functions::upper)),
            Function::Lower => Ok(mapped(text, functions::lower)),
            Function::Trim => Ok(cut(text, functions::trim)),
            Function::LTrim => Ok(cut(text, functions::trim_start)),
            Function::RTrim => Ok(cut(text, functions::trim_end)),
            Function::Len => Ok(Datum::integer(functions::len(&text))),
            Function::InnerXml => Ok(Datum::Text(text)),
            Function::Digits => Ok(match functions::digits(&text) {
                None => NULL,
                Some(Cow::Owned(digits)) => Datum::Text(Cow::Owned(digits)),
                Some(Cow::Borrowed(_)) => Datum::Text(text),
            }),
            Function::FromBase64 | Function::FromHex => {
                meter.pass(text.len())?;
                if is_blank(&text) {
                    return Ok(NULL);
                }
                let (read, what) = match function {
                    Function::FromBase64 => (functions::from_base64(&text), "base64"),
                    _ => (functions::from_hex(&text), "hexadecimal"),
                };
                match read {
                    Some(bytes) => Ok(Datum::Value(Value::Bytes(bytes.into()))),
                    None => {
                        let read = reason::value(clip(&text));
                        Err(self.bad(reason!("{} is not {}", read, known(what)), &text))
                    }
                }
            }
            Function::Number => {
                let number =
                    functions::number(&text).map_err(|error| self.bad(error.reason(), &text))?;
                Ok(number.map_or(NULL, |n| Number::Decimal(n).into()))
            }
            Function::FirstNumber => {
                let number = functions::first_number(&text)
                    .map_err(|error| self.bad(error.reason(), &text))?;
                Ok(number.map_or(NULL, |n| Number::Decimal(n).into()))
            }
            Function::Left | Function::Right => {
                let of_text = self.last_read.replace(None);
                let Some(count) = self.integer(&arguments[1])? else { return Ok(NULL) };
                let take = match function {
                    Function::Left => functions::left,
                    _ => functions::right,
                };
                let taken = self.taken(text, |text| take(text, count))?;
                self.last_read.set(of_text);
                Ok(taken)
            }
            Function::Substring => {
                let of_text = self.last_read.replace(None);
                let start = self.integer(&arguments[1])?;
                let (Some(start), Some(count)) = (start, self.integer(&arguments[2])?) else {
                    return Ok(NULL);
                };
                let taken = self.taken(text, |text| functions::substring(text, start, count))?;
                self.last_read.set(of_text);
                Ok(taken)
            }
            Function::Replace => {
                let from = self.value(&arguments[1])?.text();
                let (Some(from), Some(to)) = (from, self.value(&arguments[2])?.text()) else {
                    return Ok(NULL);
                };
                if to.len() > from.len() && !from.is_empty() {
                    let found = memmem::find_iter(text.as_bytes(), from.as_bytes()).count();
                    meter.pass(text.len() + found * (to.len() - from.len()))?;
                } else {
                    meter.pass(text.len())?;
                }
                Ok(mapped(text, |text| functions::replace(text, &from, &to)))
            }
            other => {
                let name = known(format_args!("{other:?}"));
                Err(self.bad(reason!("{} cannot be evaluated here", name), &text))
            }
        }
    }

    /// A part of a text; a negative length is at what the length was read from.
    pub(super) fn taken(
        &self,
        text: Cow<'t, str>,
        take: impl for<'x> Fn(&'x str) -> Result<&'x str, functions::NegativeLength>,
    ) -> Result<Datum<'t>> {
        match text {
            Cow::Borrowed(text) => take(text).map(|part| Datum::Text(Cow::Borrowed(part))),
            Cow::Owned(text) => take(&text).map(|part| Datum::Text(Cow::Owned(part.to_owned()))),
        }
        .map_err(|error| self.bad(error.reason(), ""))
    }
}

fn mapped<'t>(text: Cow<'t, str>, map: impl for<'x> Fn(&'x str) -> Cow<'x, str>) -> Datum<'t> {
    Datum::Text(match text {
        Cow::Borrowed(text) => map(text),
        Cow::Owned(text) => Cow::Owned(map(&text).into_owned()),
    })
}

pub(super) fn cut<'t>(text: Cow<'t, str>, cut: impl for<'x> Fn(&'x str) -> &'x str) -> Datum<'t> {
    mapped(text, |text| Cow::Borrowed(cut(text)))
}
