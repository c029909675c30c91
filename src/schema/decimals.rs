//! Patterns of text that is always a decimal number, as schemas without `xs:decimal` have them.

/// Digits before and behind the point of all texts that a pattern allows; `None` if it allows anything but
/// decimals, or zeros in front that a number would lose.
///
/// `0|0\.[0-9]{2}|[1-9][0-9]{0,12}(\.[0-9]{2})?` has 13 and 2.
pub(super) fn decimal_digits(pattern: &str) -> Option<(u32, u32)> {
    let (mut whole, mut fraction) = (0, 0);
    let mut rest = pattern;
    loop {
        let (before, behind, left) = alternative(rest)?;
        whole = whole.max(before);
        fraction = fraction.max(behind);
        match left.strip_prefix('|') {
            Some(left) => rest = left,
            None if left.is_empty() => break,
            None => return None,
        }
    }
    // Of digits alone, nothing says that they are no code.
    (fraction > 0 && whole + fraction <= 38).then_some((whole, fraction))
}

/// The digits of one alternative, and what is behind it.
fn alternative(pattern: &str) -> Option<(u32, u32, &str)> {
    let rest = pattern.strip_prefix("-?").or_else(|| pattern.strip_prefix('-')).unwrap_or(pattern);
    let (first, mut rest) = digits(rest)?;
    let mut whole = first.most;
    let has_more = digits(rest).is_some();
    if first.has_zero && (has_more || first.most > 1) || first.least == 0 {
        return None;
    }
    while let Some((more, left)) = digits(rest) {
        whole += more.most;
        rest = left;
    }
    let (inside, is_group) = match rest.strip_prefix('(') {
        Some(inside) => (inside, true),
        None => (rest, false),
    };
    let Some(mut left) = inside.strip_prefix(r"\.").or_else(|| inside.strip_prefix("[.]")) else {
        return (!is_group).then_some((whole, 0, rest));
    };
    let (mut fraction, mut is_any) = (0, false);
    while let Some((more, behind)) = digits(left) {
        fraction += more.most;
        is_any |= more.is_class;
        left = behind;
    }
    let left = match is_group {
        true => left.strip_prefix(")?").or_else(|| left.strip_prefix("){0,1}"))?,
        false => left,
    };
    // A fixed text such as `4\.00` names something.
    is_any.then_some((whole, fraction, left))
}

struct Digits {
    least: u32,
    most: u32,
    has_zero: bool,
    is_class: bool,
}

/// Digits at the begin: `0`, `[1-9]{1}`, `[0-9]{0,12}`, `\d+` without a limit is none.
fn digits(pattern: &str) -> Option<(Digits, &str)> {
    let (has_zero, is_class, rest) = if let Some(rest) = pattern.strip_prefix("[0-9]") {
        (true, true, rest)
    } else if let Some(rest) = pattern.strip_prefix("[1-9]") {
        (false, true, rest)
    } else if let Some(rest) = pattern.strip_prefix(r"\d") {
        (true, true, rest)
    } else {
        let first = pattern.chars().next().filter(char::is_ascii_digit)?;
        (first == '0', false, &pattern[1..])
    };
    let (least, most, rest) = match rest.as_bytes().first() {
        Some(b'?') => (0, 1, &rest[1..]),
        Some(b'*' | b'+') => return None,
        Some(b'{') => {
            let (inside, behind) = rest[1..].split_once('}')?;
            let (least, most) = inside.split_once(',').unwrap_or((inside, inside));
            (least.parse().ok()?, most.parse().ok().filter(|most| *most <= 38)?, behind)
        }
        _ => (1, 1, rest),
    };
    Some((Digits { least, most, has_zero, is_class }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_decimals() {
        for (pattern, expected) in [
            (r"0|0\.[0-9]{2}|[1-9]{1}[0-9]{0,12}(\.[0-9]{2})?", Some((13, 2))),
            (r"0\.[1-9]{1}[0-9]{1}|[1-9][0-9]{0,2}(\.[0-9]{2,4})?", Some((3, 4))),
            (r"-?[1-9]\d{0,3}[.]\d{2}", Some((4, 2))),
            // Codes, versions, zeros in front, anything else.
            (r"[1-9][0-9]{0,8}", None),
            (r"4\.00", None),
            (r"[0-9]{1,3}\.[0-9]{2}", None),
            (r"0[0-9]\.[0-9]{2}", None),
            (r"[1-9]\.[0-9]+", None),
            (r"[1-9]\.[0-9]{2}[A-Z]?", None),
            (r"[1-9](\.[0-9]{2})", None),
            (r"([1-9]\.[0-9]{2})?", None),
            (r"[1-9]?\.[0-9]{2}", None),
            ("", None),
        ] {
            assert_eq!(decimal_digits(pattern), expected, "{pattern}");
        }
    }
}
