//! The parts of a document that the contract reads, and how much of them there is.

use std::ops::Range;

use chrono::{Days, NaiveDate, NaiveDateTime, TimeDelta};

use super::bulk;
use super::rng::Rng;
use super::words;
use super::xml::Xml;
use super::{Kind, Plan};

/// The text of a well-formed document.
pub(super) fn write(plan: &Plan, rng: &mut Rng) -> String {
    let characters = plan.characters();
    let mut writer = Writer {
        xml: Xml::with_capacity(characters + 8 * 1024),
        small: characters < 12_000,
        product: rng.pick(&["AUTO", "MOTO", "BOAT", "RV"]),
        received: a_moment(rng),
        plan,
        rng,
    };
    writer.request();
    bulk::write(&mut writer, characters);
    writer.xml.finish()
}

/// What is known while a document is written.
pub(super) struct Writer<'a> {
    pub(super) xml: Xml,
    pub(super) rng: &'a mut Rng,
    pub(super) plan: &'a Plan,
    /// Omit most of what the contract does not read.
    small: bool,
    product: &'static str,
    received: NaiveDateTime,
}

impl Writer<'_> {
    /// Everything up to and including `CustData`; `Request` stays open.
    fn request(&mut self) {
        let Plan { app_id, kind, form, .. } = *self.plan;
        self.xml.raw(form.prolog());
        if self.rng.chance(3_000) {
            self.xml.raw("\n<!-- <Provenir> generated from a seed; nobody in it exists -->");
        }
        self.xml.start(if kind == Kind::OtherRoot { "ScoringReply" } else { "Provenir" });
        self.xml.start("Request");
        let id = if kind == Kind::OtherId { app_id + 1_000_000_000 } else { app_id };
        self.xml.attribute("ID", id);
        self.xml.attribute("Version", "4.2");
        self.xml.attribute("Mode", "ASYNC");
        self.xml.start("CustData");
        self.application();
        self.xml.end();
    }

    fn application(&mut self) {
        self.xml.start("application");
        self.filler(0..30);
        self.application_dates();
        self.filler(30..50);
        self.application_values();
        self.collateral();
        self.filler(50..70);
        self.contacts();
        self.product();
        if self.plan.kind == Kind::TwoProducts {
            self.product();
        }
        self.decision_history();
        for code in ["ADDR_CHANGE", "SHORT_FILE", "HIGH_RATIO"] {
            if self.rng.chance(2_500) {
                self.xml.start("alert");
                self.xml.attribute("code", code);
                self.xml.end();
            }
        }
        self.comments();
        self.xml.end();
    }

    fn application_dates(&mut self) {
        let received = self.received;
        let blank = self.plan.kind == Kind::NoReceiveDate;
        let receive_date = received.format("%Y-%m-%d %H:%M:%S%.3f").to_string();
        self.xml.attribute("app_receive_date", if blank { "  " } else { &receive_date });
        self.xml.attribute("app_receive_dto", received.format("%Y-%m-%dT%H:%M:%S-05:00"));
        self.xml.attribute("app_entry_date", received.format("%m/%d/%Y"));
        self.xml.attribute("app_entry_time", received.format("%H:%M:%S"));
        let decided = received + TimeDelta::seconds(self.rng.between(40, 800_000));
        let pending = self.rng.chance(800);
        let decision_date = decided.format("%m/%d/%Y %H:%M:%S").to_string();
        self.xml.attribute("decision_date", if pending { "" } else { &decision_date });
        if !pending && self.rng.chance(4_000) {
            let booked = decided + TimeDelta::hours(self.rng.between(1, 200));
            self.xml.attribute("booking_date", booked.format("%Y-%m-%d %H:%M:%S"));
        }
    }

    fn application_values(&mut self) {
        let guid =
            (u128::from(self.rng.below(u64::MAX)) << 64) | u128::from(self.rng.below(u64::MAX));
        self.xml.attribute("app_guid", uuid::Uuid::from_u128(guid));
        self.xml.attribute(
            "channel_tp_c",
            self.rng.pick(&["WEB", "web", "MOBILE", "DEALER", "BRANCH", "FAX", ""]),
        );
        let income = self.rng.between(18_000, 240_000);
        let requested = self.rng.between(2_000, 90_000);
        self.xml.attribute("requested_amt", format_args!("${}", grouped(requested)));
        self.xml.attribute("stated_income", grouped(income));
        if self.rng.chance(3_000) {
            self.xml.attribute("other_income", format_args!("{}.50", self.rng.between(100, 9_000)));
        }
        self.xml.attribute("total_debt", format_args!("{}.25", self.rng.between(0, 60_000)));
        self.xml.attribute("risk_probability", format_args!("0.{:04}", self.rng.below(10_000)));
        self.xml.attribute("model_margin", format_args!("-{}.5e-3", self.rng.below(900)));
        let dealer = 9_000_000_000 + self.rng.between(0, 999_999);
        let bad_number = self.plan.kind == Kind::BadNumber;
        let dealer = if bad_number { "see notes".to_string() } else { dealer.to_string() };
        self.xml.attribute("dealer_num", dealer);
        self.xml.attribute(
            "dealer_region",
            self.rng.pick(&["north", " south", "east ", "West Fictia"]),
        );
        self.xml.attribute("joint_ind", self.rng.pick(&["Y", "N", "U", ""]));
        self.xml.attribute("employee_ind", self.rng.pick(&["Y", "N", "N", "N"]));
        self.xml.attribute("campaign", self.rng.pick(&["", "Été-2025", "umbrella-week-2025"]));
    }

    /// Up to three slots, numbered in the attributes' names.
    fn collateral(&mut self) {
        for slot in 1..=self.rng.between(0, 3) {
            let new = self.rng.chance(5_000);
            let vin = format!("qo{:015}", self.rng.below(1_000_000_000_000_000));
            self.xml.attribute(format_args!("coll{slot}_vin"), vin);
            self.xml.attribute(format_args!("coll{slot}_make"), self.rng.pick(&words::MAKES));
            let year = self.rng.between(2009, 2026).to_string();
            let year = if self.rng.chance(300) { "unknown" } else { &year };
            self.xml.attribute(format_args!("coll{slot}_year"), year);
            if !new {
                let mileage = grouped(self.rng.between(3_000, 180_000));
                self.xml.attribute(format_args!("coll{slot}_mileage"), mileage);
            }
            let value = self.rng.between(1_000, 70_000);
            self.xml.attribute(format_args!("coll{slot}_wholesale"), format_args!("${value}.00"));
            self.xml.attribute(format_args!("coll{slot}_new_ind"), if new { "Y" } else { "N" });
        }
    }

    fn contacts(&mut self) {
        let first = self.plan.app_id * 10;
        if self.plan.kind == Kind::DuplicateContact {
            self.contact(&first.to_string(), "AUTHU");
        }
        self.contact(&first.to_string(), "PR");
        for number in 1..=self.rng.between(0, 2) {
            self.contact(&(first + number).to_string(), "AUTHU");
        }
        // Neither is loaded: a personal reference, and an empty form.
        if self.rng.chance(2_000) {
            self.contact(&(first + 9).to_string(), "REF");
        }
        if self.rng.chance(500) {
            self.xml.start("contact");
            self.xml.attribute("con_id", "");
            self.xml.attribute("ac_role_tp_c", "AUTHU");
            self.xml.end();
        }
    }

    fn contact(&mut self, con_id: &str, role: &str) {
        self.xml.start("contact");
        self.xml.attribute("con_id", con_id);
        self.filler(70..80);
        self.xml.attribute("ac_role_tp_c", role);
        let (first, last) = (self.rng.pick(&words::FIRST_NAMES), self.rng.pick(&words::LAST_NAMES));
        self.xml.attribute("first_name", first);
        self.xml.attribute("last_name", last);
        self.xml.attribute("suffix", self.rng.pick(&["", "NONE", "III"]));
        let born = a_day(self.rng, 1940, 60).format("%m/%d/%Y").to_string();
        let bad_date = self.plan.kind == Kind::BadDate && role == "PR";
        self.xml.attribute("birth_date", if bad_date { "02/30/1979" } else { &born });
        // Numbers that start with 000 are never assigned, and 555-01xx is reserved for fiction.
        let serial = self.rng.between(1, 9_999);
        self.xml.attribute("ssn", format_args!("000-{:02}-{serial:04}", self.rng.below(100)));
        self.xml.attribute("home_phone", format_args!("(555) 555-01{:02}", self.rng.below(100)));
        let number = self.rng.below(1_000_000);
        self.xml.attribute("email", format_args!("Applicant.{number}@Example.INVALID"));
        if self.rng.chance(6_000) {
            self.xml.attribute("dependents", self.rng.below(6));
        }
        self.xml.attribute("privacy_ind", self.rng.pick(&["Y", "N", "O", ""]));
        self.filler(85..95);
        self.addresses(role);
        self.employments();
        self.xml.end();
    }

    fn addresses(&mut self, role: &str) {
        let long_city = self.plan.kind == Kind::LongCity && role == "PR";
        self.address("CURR", long_city);
        for kind in ["PREV", "MAIL", "SEASON"] {
            if self.rng.chance(3_000) {
                self.address(kind, false);
            }
        }
    }

    fn address(&mut self, kind: &str, long_city: bool) {
        self.xml.start("contact_address");
        self.xml.attribute("address_tp_c", kind);
        self.xml.attribute("street_num", self.rng.between(1, 9_999));
        self.xml.attribute("street_name", self.rng.pick(&words::STREETS));
        let city = self.rng.pick(&words::CITIES);
        let long = format!("{city} upon the Exceedingly Long River beside {city}");
        self.xml.attribute("city", if long_city { &long } else { city });
        self.xml.attribute("state", self.rng.pick(&words::STATES));
        self.xml.attribute(
            "zip",
            format_args!("000{:02}-{:04}", self.rng.below(100), self.rng.below(10_000)),
        );
        self.xml.attribute("residence_tp_c", self.rng.pick(&["OWN", "RENT", "famly", "OTHER", ""]));
        self.xml.attribute("years_at", self.rng.below(30));
        if self.rng.chance(7_000) {
            self.xml.attribute("months_at", self.rng.below(12));
        }
        self.xml.attribute("housing_pmt", format_args!("${}.00", self.rng.between(300, 4_000)));
        self.filler(100..108);
        self.xml.end();
    }

    fn employments(&mut self) {
        for kind in ["CURR", "PREV", "OTHR"] {
            let share = if kind == "CURR" { 9_000 } else { 2_500 };
            if !self.rng.chance(share) {
                continue;
            }
            self.xml.start("contact_employment");
            self.xml.attribute("employment_tp_c", kind);
            self.xml.attribute("b_name", self.rng.pick(&words::BUSINESSES));
            self.xml.attribute("job_title", self.rng.pick(&words::JOBS));
            self.xml.attribute("salary", format_args!("{}.00", self.rng.between(9_000, 160_000)));
            let hired = a_day(self.rng, 1995, 29).format("%m/%d/%Y").to_string();
            let hired = if self.rng.chance(300) { "long ago" } else { &hired };
            self.xml.attribute("hire_date", hired);
            self.xml.attribute("self_emp_ind", self.rng.pick(&["Y", "N", "N"]));
            self.filler(112..118);
            self.xml.end();
        }
    }

    fn product(&mut self) {
        self.xml.start("app_product");
        self.xml.attribute("product_tp_c", self.product);
        self.filler(0..15);
        let unknown = self.plan.kind == Kind::UnknownDecision;
        let decision = self.rng.pick(&["APPRV", "DECLN", "COND", "pend", ""]);
        self.xml.attribute("decision_tp_c", if unknown { "MAYBE" } else { decision });
        let amount = self.rng.between(2_000, 90_000);
        self.xml
            .attribute("requested_term", format_args!("{} months", 12 * self.rng.between(2, 7)));
        self.xml.attribute("amt_financed", format_args!("${}.10", grouped(amount)));
        self.xml.attribute("cash_down", self.rng.pick(&["", "$500.00", "1,250.00"]));
        self.xml.attribute("trade_in", self.rng.pick(&["", "", "$4,000.00"]));
        let buy_rate = self.rng.between(200, 1_900);
        let markup = self.rng.below(250) as i64;
        self.xml.attribute("buy_rate", rate(buy_rate));
        self.xml.attribute("contract_rate", rate(buy_rate + markup));
        self.xml
            .attribute("monthly_pmt", format_args!("{}.{:02}", amount / 60, self.rng.below(100)));
        self.xml.attribute("wholesale_value", format_args!("${}", grouped(amount + 1_000)));
        let signed = self.received.date() + Days::new(self.rng.below(20));
        self.xml.attribute("contract_date", signed);
        self.xml.attribute("gap_ind", self.rng.pick(&["Y", "N"]));
        self.scores();
        self.filler(25..40);
        self.xml.end();
    }

    fn scores(&mut self) {
        for name in ["QX_AUTO_score", "QX_DIE_score", "ZB_RISK_score", "V4_score"] {
            if self.rng.chance(7_000) {
                self.xml.attribute(name, self.rng.between(300, 850));
            }
        }
        self.xml.attribute("model_version", self.rng.pick(&["V4_1", "V4_2", "V4X", "V3_9"]));
    }

    fn decision_history(&mut self) {
        self.xml.start("decision_history");
        let repeated = self.plan.kind == Kind::RepeatedEntry;
        let entries = self.rng.between(if repeated { 2 } else { 0 }, 5);
        for number in 1..=entries {
            self.xml.start("entry");
            let last_of_repeated = repeated && number == entries;
            self.xml.attribute("seq", if last_of_repeated { 1 } else { number });
            let entered = self.received + TimeDelta::minutes(number * 7);
            self.xml.attribute("entered_at", entered.format("%Y-%m-%dT%H:%M:%S"));
            self.xml.attribute("decision_tp_c", self.rng.pick(&["PEND", "COND", "APPRV", "DECLN"]));
            self.xml.attribute("analyst", self.rng.pick(&words::ANALYSTS));
            self.xml.start("reason");
            self.xml.content(self.rng.pick(&words::REASONS));
            self.xml.end();
            self.xml.end();
        }
        self.xml.end();
    }

    fn comments(&mut self) {
        self.xml.start("comments");
        match self.rng.below(4) {
            0 => {}
            1 => self.xml.content("called twice & left a message: \"ring the bell\" 🔔"),
            2 => self.xml.raw("asks for <![CDATA[<b>60</b> & not 72 months]]>"),
            _ => {
                self.xml.raw("two <!-- of three --> pages received, caf&#xE9; stamp on the second")
            }
        }
        self.xml.end();
    }

    /// Attributes that no contract reads, by their numbers; few of them in a small document.
    pub(super) fn filler(&mut self, numbers: Range<usize>) {
        let step = if self.small { 5 } else { 1 };
        for number in numbers.step_by(step) {
            bulk::attribute(&mut self.xml, self.rng, number);
        }
    }
}

/// A day in the `years` from `first_year` on.
fn a_day(rng: &mut Rng, first_year: i32, years: u64) -> NaiveDate {
    let first = NaiveDate::from_ymd_opt(first_year, 1, 1).unwrap_or_default();
    first + Days::new(rng.below(years * 365))
}

/// A moment in 2024 or 2025.
fn a_moment(rng: &mut Rng) -> NaiveDateTime {
    let day = a_day(rng, 2024, 2).and_time(chrono::NaiveTime::MIN);
    day + TimeDelta::milliseconds(rng.between(0, 86_399_999))
}

/// With commas between groups of three digits.
fn grouped(number: i64) -> String {
    match number {
        0..=999 => number.to_string(),
        _ => format!("{},{:03}", grouped(number / 1000), number % 1000),
    }
}

/// Hundredths of a per cent as a fraction with five digits.
fn rate(hundredths: i64) -> String {
    format!("0.{:05}", hundredths * 10)
}
