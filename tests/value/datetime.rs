use chrono::{Datelike, NaiveDate, NaiveTime, Timelike};
use proptest::prelude::*;
use xmlshred::value::datetime::{parse_iso, DatePattern, DateText};
use xmlshred::value::plain_text;

fn shown(found: Option<DateText>) -> String {
    let value = found.and_then(DateText::to_value);
    value.and_then(|value| plain_text(&value)).map_or("none".into(), |text| text.to_string())
}

#[test]
fn iso_8601_is_read_as_documents_write_it() {
    for (text, expected) in [
        ("2026-11-24", "2026-11-24"),
        ("20261124", "2026-11-24"),
        ("2026-11-24T13:05", "2026-11-24T13:05:00"),
        ("2026-11-24t13:05:09", "2026-11-24T13:05:09"),
        ("2026-11-24 13:05:09", "2026-11-24T13:05:09"),
        ("20261124 13:05:09", "2026-11-24T13:05:09"),
        ("\t2026-11-24T13:05:09.1\n", "2026-11-24T13:05:09.1"),
        ("2026-11-24T13:05:09.123456789", "2026-11-24T13:05:09.123456789"),
        ("2026-11-24T13:05:09Z", "2026-11-24T13:05:09+00:00"),
        ("2026-11-24T13:05:09.5z", "2026-11-24T13:05:09.5+00:00"),
        ("2026-11-24T13:05+05:30", "2026-11-24T13:05:00+05:30"),
        ("2026-11-24T13:05:09 -03:00", "2026-11-24T13:05:09-03:00"),
        ("2026-11-24+02:00", "2026-11-24"),
        ("13:05", "13:05:00"),
        ("13:05:09.25", "13:05:09.25"),
    ] {
        assert_eq!(shown(parse_iso(text)), expected, "{text:?}");
    }
}

#[test]
fn what_is_not_iso_8601_is_not_read() {
    for text in [
        "",
        "2026",
        "2026-11",
        "2026-1-2",
        "2026-1124",
        "202611-24",
        "2026-13-01",
        "2026-02-30",
        "0000-01-01",
        "2026-11-24T",
        "2026-11-24T13",
        "2026-11-24T13:5",
        "2026-11-24T24:00:01",
        "2026-11-24T23:59:60",
        "2026-11-24T13:05:09.",
        "2026-11-24T13:05:09.1234567890",
        "2026-11-24T13:05:09,5",
        "2026-11-24  13:05",
        "2026-11-24T13:05:09+2",
        "2026-11-24T13:05:09+0200",
        "2026-11-24T13:05:09+02:60",
        "2026-11-24T13:05:09+15:00",
        "2026-11-24T13:05:09ZZ",
        "2026-11-24x",
        "+2026-11-24",
        "２０２６-11-24",
    ] {
        assert_eq!(parse_iso(text), None, "{text:?}");
    }
}

#[test]
fn patterns_read_what_net_reads_with_them() {
    for (pattern, text, expected) in [
        ("yyyy-MM-dd HH:mm:ss.FFF", "2026-11-24 13:05:09.120", "2026-11-24T13:05:09.12"),
        ("yyyy-MM-dd HH:mm:ss.FFF", "2026-11-24 13:05:09.1", "2026-11-24T13:05:09.1"),
        ("yyyy-MM-dd HH:mm:ss.FFF", "2026-11-24 13:05:09", "2026-11-24T13:05:09"),
        ("yyyy-MM-dd HH:mm:ss.FFF", "2026-11-24 13:05:09.1234", "none"),
        ("HH:mm:ss.fff", "13:05:09.12", "none"),
        ("HH:mm:ss.fff", "13:05:09.123", "13:05:09.123"),
        ("HHmmssfffffff", "1305091234567", "13:05:09.1234567"),
        ("MM/dd/yyyy", "11/24/2026", "2026-11-24"),
        ("MM/dd/yyyy", " 11/24/2026\n", "2026-11-24"),
        ("MM/dd/yyyy", "1/24/2026", "none"),
        ("M/d/yyyy", "1/4/2026", "2026-01-04"),
        ("M/d/yyyy", "11/24/2026", "2026-11-24"),
        ("M/d/yyyy", "13/24/2026", "none"),
        ("M/d/yyyy", "2/30/2026", "none"),
        ("dd.MM.yy", "24.11.49", "2049-11-24"),
        ("dd.MM.yy", "24.11.50", "1950-11-24"),
        ("d MMM yyyy", "4 nov 2026", "2026-11-04"),
        ("d MMM yyyy", "4 November 2026", "none"),
        ("MMMM d, yyyy", "NOVEMBER 24, 2026", "2026-11-24"),
        ("MMMM d, yyyy", "Novembre 24, 2026", "none"),
        ("MMMM yyyy", "May 2026", "2026-05-01"),
        ("yyyy", "2026", "2026-01-01"),
        ("h:mm tt", "12:05 AM", "00:05:00"),
        ("h:mm tt", "12:05 pm", "12:05:00"),
        ("h:mm tt", "1:05 PM", "13:05:00"),
        ("h:mm tt", "13:05 PM", "none"),
        ("h:mm tt", "0:05 AM", "none"),
        ("hh:mm tt", "1:05 PM", "none"),
        ("H:m:s", "7:5:9", "07:05:09"),
        ("HH:mm", "24:00", "none"),
        ("yyyy-MM-ddTHH:mm:ssK", "2026-11-24T13:05:09Z", "2026-11-24T13:05:09+00:00"),
        ("yyyy-MM-ddTHH:mm:ssK", "2026-11-24T13:05:09+02:00", "2026-11-24T13:05:09+02:00"),
        ("yyyy-MM-ddTHH:mm:ssK", "2026-11-24T13:05:09", "2026-11-24T13:05:09"),
        ("yyyy-MM-dd HH:mm z", "2026-11-24 13:05 +2", "2026-11-24T13:05:00+02:00"),
        ("yyyy-MM-dd HH:mm zz", "2026-11-24 13:05 -02", "2026-11-24T13:05:00-02:00"),
        ("yyyy-MM-dd HH:mm zzz", "2026-11-24 13:05 -0230", "2026-11-24T13:05:00-02:30"),
        ("yyyy-MM-dd HH:mm zzz", "2026-11-24 13:05 02:30", "none"),
        ("'on' yyyy\\d MM\"m\" dd", "on 2026d 11m 24", "2026-11-24"),
        ("yyyy年MM月dd日", "2026年11月24日", "2026-11-24"),
        ("%d.%M.yyyy", "4.1.2026", "2026-01-04"),
        ("yyyyMMdd", "20261124x", "none"),
        ("yyyyMMdd", "2026112", "none"),
        ("yyyyMMdd", "00001124", "none"),
    ] {
        let compiled = DatePattern::new(pattern).unwrap();
        assert_eq!(shown(compiled.parse(text)), expected, "{text:?} by {pattern}");
    }
}

#[test]
fn a_bad_pattern_is_refused_with_what_to_write() {
    for (pattern, expected) in [
        ("YYYY-MM-dd", "`YYYY` in the date pattern `YYYY-MM-dd` is not a specifier: years are `yyyy` or `yy`"),
        ("yyyy-MM-DD", "`DD` in the date pattern `yyyy-MM-DD` is not a specifier: days are `d` or `dd`"),
        ("yyy", "`yyy` in the date pattern `yyy` is not a specifier: years are `yyyy` or `yy`"),
        ("ddddd d MMM yyyy", "`ddddd` in the date pattern `ddddd d MMM yyyy` is not a specifier: days are `d` or `dd`, their names `ddd` or `dddd`"),
        ("ddd MM yyyy", "the date pattern `ddd MM yyyy` has a day's name but no day: write `dd`"),
        ("HH:mm:ss.ffffffff", "`ffffffff` in the date pattern `HH:mm:ss.ffffffff` is not a specifier: a fraction has at most 7 digits"),
        ("h:mm t", "`t` in the date pattern `h:mm t` is not a specifier: AM or PM is `tt`"),
        ("yyyy at HH", "`a` in the date pattern `yyyy at HH` is not a specifier: AM or PM is `tt`"),
        ("yyyy week", "`w` in the date pattern `yyyy week` is not a specifier: write literal letters in single quotes"),
        ("yyyy 'x", "the date pattern `yyyy 'x` ends after an open `'`: close it, or write `\\'` for the character itself"),
        ("yyyy\\", "the date pattern `yyyy\\` ends after an open `\\`: close it, or write `\\\\` for the character itself"),
        ("yyyy %", "the date pattern `yyyy %` ends after an open `%`: close it, or write `\\%` for the character itself"),
        ("yyyy-mm-dd", "the date pattern `yyyy-mm-dd` has minutes but no hour: write `HH`; months are `MM`"),
        ("HH:MM", "the date pattern `HH:MM` has a month or day but no year: write `yyyy` or `yy`; minutes are `mm`"),
        ("MM/dd", "the date pattern `MM/dd` has a month or day but no year: write `yyyy` or `yy`; minutes are `mm`"),
        ("hh:mm", "the date pattern `hh:mm` has `h` but no `tt`: write `HH` for hours 0 to 23"),
        ("HH:mm tt", "the date pattern `HH:mm tt` has `tt` but no `h`: write `h` for hours 1 to 12"),
        ("HH:ss", "the date pattern `HH:ss` has seconds but no minutes: write `mm`"),
        ("yyyy yy", "the date pattern `yyyy yy` has more than one year: remove one"),
        ("MM MMM yyyy", "the date pattern `MM MMM yyyy` has more than one month: remove one"),
        ("", "the date pattern `` has no date and no time: write one, such as `yyyy-MM-dd`"),
        ("yyyy-MM-dd zzz", "the date pattern `yyyy-MM-dd zzz` has an offset but no time: write `HH:mm`"),
    ] {
        assert_eq!(DatePattern::new(pattern).unwrap_err().to_string(), expected);
    }
}

/// Writes a date and time as .NET's `ToString` does, from the same specifiers.
fn formatted(pattern: &[&str], date: NaiveDate, time: NaiveTime) -> String {
    let fraction = |digits: usize| format!("{:09}", time.nanosecond())[..digits].to_string();
    pattern
        .iter()
        .map(|part| match *part {
            "yyyy" => format!("{:04}", date.year()),
            "yy" => format!("{:02}", date.year() % 100),
            "MM" => format!("{:02}", date.month()),
            "M" => date.month().to_string(),
            "MMM" => date.format("%b").to_string(),
            "MMMM" => date.format("%B").to_string(),
            "dd" => format!("{:02}", date.day()),
            "d" => date.day().to_string(),
            "HH" => format!("{:02}", time.hour()),
            "H" => time.hour().to_string(),
            "hh" => time.format("%I").to_string(),
            "h" => time.format("%-I").to_string(),
            "tt" => time.format("%p").to_string(),
            "mm" => format!("{:02}", time.minute()),
            "m" => time.minute().to_string(),
            "ss" => format!("{:02}", time.second()),
            "s" => time.second().to_string(),
            "fff" => fraction(3),
            "fffffff" => fraction(7),
            "FFFFFFF" => fraction(7).trim_end_matches('0').to_string(),
            separator => separator.to_string(),
        })
        .collect()
}

fn moments() -> impl Strategy<Value = (NaiveDate, NaiveTime)> {
    (1950i32..2050, 1u32..=366, 0u32..86_400, 0u32..10_000_000).prop_filter_map(
        "a day of the year",
        |(year, day, second, fraction)| {
            let date = NaiveDate::from_yo_opt(year, day)?;
            Some((date, NaiveTime::from_num_seconds_from_midnight_opt(second, fraction * 100)?))
        },
    )
}

proptest! {
    #[test]
    fn a_pattern_reads_what_it_would_write(
        (date, time) in moments(),
        year in prop::sample::select(vec!["yyyy", "yy"]),
        month in prop::sample::select(vec!["MM", "M", "MMM", "MMMM"]),
        day in prop::sample::select(vec!["dd", "d"]),
        hour in prop::sample::select(vec!["HH", "H", "hh", "h"]),
        minute in prop::sample::select(vec!["mm", "m"]),
        second in prop::sample::select(vec!["ss", "s"]),
        fraction in prop::sample::select(vec!["fffffff", "FFFFFFF"]),
        separator in prop::sample::select(vec!["/", "-", ". ", ", "]),
    ) {
        let half: &[&str] = if hour.starts_with('h') { &[" ", "tt"] } else { &[] };
        let pattern = [
            &[day, separator, month, separator, year, " ", hour, ":", minute, ":", second, ".", fraction],
            half,
        ]
        .concat();
        let text = formatted(&pattern, date, time);
        let found = DatePattern::new(&pattern.concat()).unwrap().parse(&text);
        prop_assert_eq!(found, Some(DateText { date: Some(date), time: Some(time), offset: None }), "{}", text);
    }

    #[test]
    fn iso_text_comes_back((date, time) in moments(), separator in prop::sample::select(vec!['T', ' '])) {
        let text = format!("{date}{separator}{time}");
        let found = parse_iso(&text);
        prop_assert_eq!(found, Some(DateText { date: Some(date), time: Some(time), offset: None }));
    }

    #[test]
    fn no_text_or_pattern_makes_the_readers_panic(
        text in "\\PC{0,20}|[0-9TZ:. +-]{0,30}",
        pattern in "[yMdHhmsfFtKz/:. '\\\\%Té-]{0,12}",
    ) {
        parse_iso(&text);
        if let Ok(pattern) = DatePattern::new(&pattern) {
            pattern.parse(&text);
        }
    }
}
