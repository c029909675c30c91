use std::collections::HashSet;

use proptest::prelude::*;
use xmlshred::value::{Decimal, DecimalError};

use super::exact::{units_at, Natural};

fn d(text: &str) -> Decimal {
    Decimal::parse(text).unwrap()
}

fn shown(result: Result<Decimal, DecimalError>) -> String {
    match result {
        Ok(number) => number.to_string(),
        Err(error) => error.to_string(),
    }
}

const OVERFLOW: &str = "the number has more than 38 digits before the point";
const NINES: &str = "99999999999999999999999999999999999999";

#[test]
fn text_keeps_its_scale() {
    for (text, expected) in [
        ("0", "0"),
        ("-0", "0"),
        ("0.00", "0.00"),
        ("007", "7"),
        ("+12.50", "12.50"),
        ("-.5", "-0.5"),
        ("5.", "5"),
        (" \t12.5\r\n", "12.5"),
        ("1234567890123456789.0", "1234567890123456789.0"),
        ("-0.00000000000000000000000000000000000001", "-0.00000000000000000000000000000000000001"),
        (NINES, NINES),
        ("000000000000000000000000000000000000000000000000000000000000042", "42"),
    ] {
        assert_eq!(d(text).to_string(), expected, "{text}");
    }
}

#[test]
fn digits_past_the_38th_are_cut_after_the_point_and_refused_before_it() {
    assert_eq!(d(&format!("1.{NINES}9")).to_string(), format!("1.{}", &NINES[1..]));
    assert_eq!(d(&format!("0.{NINES}9")).to_string(), format!("0.{NINES}"));
    assert_eq!(d(&format!("{NINES}.9")).to_string(), NINES);
    assert_eq!(d(&format!("0.{}49", "0".repeat(38))).to_string(), format!("0.{}", "0".repeat(38)));
    assert_eq!(shown(Decimal::parse(&format!("{NINES}0"))), OVERFLOW);
    assert_eq!(shown(Decimal::parse(&format!("{NINES}0.5"))), OVERFLOW);
}

#[test]
fn text_that_is_not_a_decimal_is_refused_by_name() {
    let long = format!("{NINES}.1.1");
    for text in [
        "", " ", ".", "-", "+.", "1.2.3", "1,000", "1e3", "0x10", "- 5", "5-", "1 2", "٣", "½",
        &long,
    ] {
        let error = Decimal::parse(text).unwrap_err();
        assert!(matches!(error, DecimalError::NotADecimal(_)), "{text}: {error}");
    }
    assert_eq!(
        shown(Decimal::parse("1,000")),
        "`1,000` is not a decimal number: write digits with an optional sign and one point, such as -12.50"
    );
}

#[test]
fn numbers_of_any_scale_are_equal() {
    let set: HashSet<Decimal> = ["1", "1.0", "1.00", "-0.0", "0", "100", "1e"]
        .iter()
        .filter_map(|text| Decimal::parse(text).ok())
        .collect();
    assert_eq!(set.len(), 3);
    assert_eq!(d("1.0"), d("1.00"));
    assert!(d("-1.5") < d("-1.25"));
    assert!(d("-0.5") < d("0"));
    assert!(d("0.1") < d("0.11"));
    // Neither fits the other's scale.
    assert!(d(NINES) > d("0.99999999999999999999999999999999999999"));
    assert!(d(&format!("-{NINES}")) < d("-0.99999999999999999999999999999999999999"));
}

#[test]
fn arithmetic_has_the_documented_scale() {
    for (a, operator, b, expected) in [
        ("1.10", '+', "2.205", "3.305"),
        ("1.10", '-', "1.1", "0.00"),
        ("1.50", '*', "2.0", "3.000"),
        ("-1.5", '*', "1.5", "-2.25"),
        ("10.0", '/', "4", "2.500000"),
        ("1", '/', "4", "0.250000"),
        ("-1", '/', "8", "-0.125000"),
        ("1", '/', "3", "0.33333333333333333333333333333333333333"),
        ("2", '/', "3", "0.66666666666666666666666666666666666666"),
        ("200", '/', "3", "66.666666666666666666666666666666666666"),
        ("0", '/', "7.5", "0.000000"),
        ("5.5", '%', "2", "1.5"),
        ("-7", '%', "3", "-1"),
        ("7", '%', "-3", "1"),
        ("0.01", '%', "0.003", "0.001"),
        (
            NINES,
            '%',
            "0.00000000000000000000000000000000000007",
            "0.00000000000000000000000000000000000002",
        ),
        ("1", '/', "0.0", "division by zero"),
        ("1", '%', "0", "division by zero"),
    ] {
        let (a, b) = (d(a), d(b));
        let result = match operator {
            '+' => a.checked_add(b),
            '-' => a.checked_sub(b),
            '*' => a.checked_mul(b),
            '/' => a.checked_div(b),
            _ => a.checked_rem(b),
        };
        assert_eq!(shown(result), expected, "{a} {operator} {b}");
    }
}

#[test]
fn a_result_loses_digits_after_the_point_before_it_overflows() {
    let small = d("0.00000000000000000000000000000000000001");
    assert_eq!(shown(d(NINES).checked_add(small)), NINES);
    assert_eq!(shown(d(NINES).checked_add(d("1"))), OVERFLOW);
    assert_eq!(shown(d(NINES).checked_sub(d("-0.9"))), NINES);
    assert_eq!(shown(d(NINES).checked_mul(d("10"))), OVERFLOW);
    assert_eq!(shown(d(NINES).checked_mul(d("0.1"))), format!("{}.9", &NINES[1..]));
    assert_eq!(shown(small.checked_mul(small)), "0.00000000000000000000000000000000000000");
    assert_eq!(shown(d(NINES).checked_div(small)), OVERFLOW);
    assert_eq!(shown(d("1").checked_div(small)), OVERFLOW);
    assert_eq!(shown(small.checked_div(d(NINES))), "0.00000000000000000000000000000000000000");
}

/// `decimal(38,10)` times itself: SQL Server keeps 6 digits after the point.
#[test]
fn no_digit_is_lost_that_sql_server_keeps() {
    let a = d("1234567890.1234567890");
    assert_eq!(shown(a.checked_mul(a)), "1524157875323883675.0190519987501905210");
}

/// Microsoft's examples for ROUND, FLOOR and CEILING.
#[test]
fn rounding_is_half_away_from_zero_and_keeps_the_scale() {
    for (text, digits, rounded) in [
        ("123.9994", 3, "123.9990"),
        ("123.9995", 3, "124.0000"),
        ("123.4545", 2, "123.4500"),
        ("123.45", -2, "100.00"),
        ("150.75", 0, "151.00"),
        ("748.58", -1, "750.00"),
        ("748.58", -3, "1000.00"),
        ("748.58", -4, "0.00"),
        ("-2.5", 0, "-3.0"),
        ("2.5", 7, "2.5"),
        ("2.5", i32::MAX, "2.5"),
        ("2.5", i32::MIN, "0.0"),
        ("2.5", -38, "0.0"),
    ] {
        assert_eq!(shown(d(text).round(digits)), rounded, "ROUND({text}, {digits})");
    }
    assert_eq!(shown(d(NINES).round(-1)), OVERFLOW);
    for (text, floor, ceiling) in [
        ("123.45", "123", "124"),
        ("-123.45", "-124", "-123"),
        ("0.0", "0", "0"),
        ("7", "7", "7"),
        ("-0.9", "-1", "0"),
    ] {
        assert_eq!(d(text).floor().to_string(), floor);
        assert_eq!(d(text).ceiling().to_string(), ceiling);
    }
}

#[test]
fn rescaling_rounds_and_checks_the_precision() {
    assert_eq!(shown(d("1.005").rescale(5, 2)), "1.01");
    assert_eq!(shown(d("-1.005").rescale(5, 2)), "-1.01");
    assert_eq!(shown(d("999.994").rescale(5, 2)), "999.99");
    assert_eq!(
        shown(d("999.995").rescale(5, 2)),
        "the number has more than 3 digits before the point"
    );
    assert_eq!(shown(d("1").rescale(38, 37)), format!("1.{}", "0".repeat(37)));
    assert_eq!(shown(d(&format!("0.5{}", "0".repeat(37))).rescale(38, 0)), "1");
    assert_eq!(shown(d(&format!("-0.4{}", &NINES[1..])).rescale(38, 0)), "0");
    assert!(d("10").rescale(38, 37).is_err());
    assert!(d(NINES).rescale(38, 38).is_err());
    assert_eq!(d("12.340").normalized().to_string(), "12.34");
    assert_eq!((d("12.34").precision(), d("0.001").precision(), d("0").precision()), (4, 3, 1));
}

#[test]
fn doubles_become_their_shortest_decimal() {
    for (number, expected) in [
        (0.1, "0.1"),
        (-2.5e-3, "-0.0025"),
        (1e20, "100000000000000000000"),
        (123456789.125, "123456789.125"),
        (0.0, "0"),
        (1e-300, "0"),
        (1.5e-38, "0.00000000000000000000000000000000000001"),
        (1e38, OVERFLOW),
        (f64::INFINITY, OVERFLOW),
        (f64::NAN, OVERFLOW),
    ] {
        assert_eq!(shown(Decimal::from_f64(number)), expected, "{number}");
    }
    assert_eq!(d("0.1").to_f64(), 0.1);
    assert_eq!(d("123456789012345678901234567890.5").to_f64(), 123456789012345678901234567890.5);
}

fn decimals() -> impl Strategy<Value = Decimal> {
    let any_size = (any::<bool>(), 0u32..=38, any::<u128>()).prop_map(|(negative, digits, n)| {
        let magnitude = (n % 10u128.pow(digits)) as i128;
        if negative {
            -magnitude
        } else {
            magnitude
        }
    });
    (any_size, 0u8..=38).prop_map(|(units, scale)| Decimal::new(units, scale).unwrap())
}

/// What is left of exact units at `scale` in 38 digits: as few digits cut as will do.
fn cut_to_fit(exact: &Natural, scale: usize) -> Option<(Natural, usize)> {
    let cut = exact.digits().saturating_sub(38).max(scale.saturating_sub(38));
    (cut <= scale).then(|| (exact.cut(cut), scale - cut))
}

fn assert_is(
    result: Result<Decimal, DecimalError>,
    negative: bool,
    exact: &Natural,
    scale: usize,
) -> Result<(), TestCaseError> {
    match (result, cut_to_fit(exact, scale)) {
        (Ok(result), Some((units, scale))) => {
            prop_assert_eq!(Natural::of(result.units.unsigned_abs()), units);
            prop_assert_eq!(usize::from(result.scale), scale);
            prop_assert!(result.is_zero() || result.is_negative() == negative);
        }
        (Err(DecimalError::Overflow(38)), None) => {}
        (result, expected) => prop_assert!(false, "{result:?}, not {expected:?}"),
    }
    Ok(())
}

proptest! {
    #[test]
    fn text_comes_back_as_the_same_number(number in decimals()) {
        let text = number.to_string();
        let read: Decimal = Decimal::parse(&text).unwrap();
        prop_assert_eq!((read.units, read.scale), (number.units, number.scale));
    }

    #[test]
    fn a_normalized_number_is_equal_and_ends_in_no_zero(number in decimals(), zeros in 0u32..=38) {
        let power = 10i128.pow(zeros);
        let number = Decimal { units: number.units / power * power, scale: number.scale };
        let plain = number.normalized();
        prop_assert_eq!(plain, number);
        prop_assert!(plain.scale == 0 || plain.units % 10 != 0);
    }

    #[test]
    fn a_double_comes_back_from_its_decimal(number in -1e15f64..1e15) {
        prop_assert_eq!(Decimal::from_f64(number).unwrap().to_f64(), number);
    }

    #[test]
    fn to_f64_is_the_nearest_double(number in decimals()) {
        prop_assert_eq!(number.to_f64(), number.to_string().parse::<f64>().unwrap());
    }

    #[test]
    fn sums_and_differences_are_exact_then_cut(a in decimals(), b in decimals()) {
        let scale = a.scale.max(b.scale);
        let (x, y) = (units_at(a, scale), units_at(b, scale));
        for (b, result) in [(b, a.checked_add(b)), (-b, a.checked_sub(b))] {
            let (negative, exact) = if a.is_negative() == b.is_negative() {
                (a.is_negative(), x.plus(&y))
            } else if x >= y {
                (a.is_negative(), x.minus(&y))
            } else {
                (b.is_negative(), y.minus(&x))
            };
            // The sum with the operand's own sign is the one computed for it.
            assert_is(result, negative, &exact, scale.into())?;
        }
    }

    #[test]
    fn products_are_exact_then_cut(a in decimals(), b in decimals()) {
        let exact = units_at(a, a.scale).times(&units_at(b, b.scale));
        let negative = a.is_negative() != b.is_negative();
        assert_is(a.checked_mul(b), negative, &exact, usize::from(a.scale) + usize::from(b.scale))?;
    }

    #[test]
    fn a_quotient_is_exact_to_its_last_digit(a in decimals(), b in decimals()) {
        prop_assume!(!b.is_zero());
        let (x, y) = (units_at(a, a.scale), units_at(b, b.scale));
        match a.checked_div(b) {
            Ok(q) => {
                // q * b <= a < (q + 1 unit) * b, all at one scale.
                let units = Natural::of(q.units.unsigned_abs());
                let up = usize::from(q.scale) + usize::from(b.scale);
                let (left, right) = (x.shifted(up), usize::from(a.scale));
                prop_assert!(units.times(&y).shifted(right) <= left);
                prop_assert!(left < units.plus(&Natural::of(1)).times(&y).shifted(right));
                prop_assert!(q.is_zero() || q.is_negative() == (a.is_negative() != b.is_negative()));
                let exact = units.times(&y).shifted(right) == left;
                prop_assert!(exact || q.scale == 38 || q.precision() == 38);
                prop_assert!(q.scale >= a.scale.max(6).min(q.scale));
            }
            Err(error) => {
                // At least 10^38 before the point.
                prop_assert_eq!(error, DecimalError::Overflow(38));
                let bound = y.shifted(38 + usize::from(a.scale));
                prop_assert!(x.shifted(b.scale.into()) >= bound);
            }
        }
    }

    #[test]
    fn a_remainder_is_what_a_whole_quotient_leaves(a in decimals(), b in decimals()) {
        prop_assume!(!b.is_zero());
        let rest = a.checked_rem(b).unwrap();
        prop_assert!(rest.abs() < b.abs());
        prop_assert!(rest.is_zero() || rest.is_negative() == a.is_negative());
        if let (Ok(left), true) = (a.checked_sub(rest), a.scale == b.scale) {
            prop_assert_eq!(left.units % b.units, 0);
        }
    }

    #[test]
    fn order_is_that_of_the_numbers(a in decimals(), b in decimals()) {
        let scale = a.scale.max(b.scale);
        let (x, y) = (units_at(a, scale), units_at(b, scale));
        let expected = match (a.is_negative(), b.is_negative()) {
            (false, false) => x.cmp(&y),
            (true, true) => y.cmp(&x),
            (false, true) => std::cmp::Ordering::Greater,
            (true, false) => std::cmp::Ordering::Less,
        };
        prop_assert_eq!(a.cmp(&b), expected);
    }

    /// Cutting, not rounding, is what makes this hold.
    #[test]
    fn rounding_a_product_afterwards_rounds_the_exact_one(a in decimals(), b in decimals(), scale in 0u8..=6) {
        let Ok(product) = a.checked_mul(b) else { return Ok(()) };
        prop_assume!(product.scale > scale);
        let Ok(rounded) = product.rescale(38, scale) else { return Ok(()) };
        let exact = units_at(a, a.scale).times(&units_at(b, b.scale));
        let dropped = usize::from(a.scale) + usize::from(b.scale) - usize::from(scale);
        let half = Natural::of(5).shifted(dropped).cut(1);
        prop_assert_eq!(Natural::of(rounded.units.unsigned_abs()), exact.plus(&half).cut(dropped));
    }
}
