//! One screen that shows what happens now.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::status::{lease_left, not_enqueued, rate, state_ink, states};
use super::table::{Align, Cell, Table};
use crate::figures::{count, duration};
use crate::screen::{Ink, Screen};
use crate::store::{ActiveClaim, FailureCauses, SessionSummary, Status};

/// What a screen shows.
pub struct Watched<'s> {
    /// Name of the store.
    pub store: &'s str,
    /// When it was asked, by the clock here.
    pub at: DateTime<Utc>,
    /// Its status.
    pub status: &'s Status,
    /// Its causes of failure.
    pub causes: &'s FailureCauses,
}

/// Sessions and causes on a screen: the screens of old have 24 lines.
const LINES: usize = 5;

/// Columns of a screen whose width is not known.
const WIDTH: usize = 80;

/// Characters of the bar.
const BAR: u64 = 30;

impl Watched<'_> {
    /// The screen, of 80 columns unless it is known to have more or fewer.
    pub fn render(&self, screen: Screen) -> String {
        let width = screen.width.unwrap_or(WIDTH);
        let sections = [self.head(screen, width), self.progress(screen), self.sessions(screen)];
        let sections = sections.into_iter().chain([self.causes(screen)]);
        let sections: Vec<String> = sections.filter(|section| !section.is_empty()).collect();
        sections.join("\n")
    }

    fn head(&self, screen: Screen, width: usize) -> String {
        let at = self.at.format("%Y-%m-%d %H:%M:%S");
        let mut text = clipped(&format!("{at} UTC  {}", self.store), width) + "\n";
        if let Some(pause) = &self.status.paused {
            let pause = format!("claiming is paused by {}: {}", pause.by, pause.reason);
            text += &format!("{}\n", screen.ink(Ink::Doubtful, &clipped(&pause, width)));
        }
        text
    }

    fn progress(&self, screen: Screen) -> String {
        let status = self.status;
        let states = states(status);
        let mut table = Table::new(&states.map(|(name, _)| (name, Align::Right)));
        table.row(states.map(|(name, number)| {
            Cell::inked(count(number), state_ink(name).filter(|_| number > 0))
        }));
        let table = table.on(screen);
        let all = status.enqueued().max(1);
        let done = status.enqueued() - status.ready - status.claimed;
        let filled = (done as u128 * u128::from(BAR) / u128::from(all)) as usize;
        let bar = screen.ink(Ink::Note, &"#".repeat(filled)) + &"-".repeat(BAR as usize - filled);
        let percent = done as f64 * 100.0 / all as f64;
        let rate = rate(status, ", ");
        let rate = rate.unwrap_or_else(|| "nothing completed in 10 minutes".to_owned());
        format!(
            "{table}\n[{bar}] {percent:.1} %  {rate}\n{} enqueued; {} not enqueued\n",
            count(status.enqueued()),
            not_enqueued(status),
        )
    }

    /// Workers that have not ended, those that hold most first.
    fn sessions(&self, screen: Screen) -> String {
        let mut running: Vec<(&SessionSummary, Held)> = self
            .status
            .sessions
            .iter()
            .filter(|session| session.ended_at.is_none())
            .map(|session| (session, Held::by(session, &self.status.claims)))
            .collect();
        running.sort_by_key(|(session, _)| std::cmp::Reverse(session.holds));
        let mut table = Table::new(&[
            ("worker", Align::Left),
            ("holds", Align::Right),
            ("since", Align::Right),
            ("lease left", Align::Right),
            ("success", Align::Right),
            ("failed", Align::Right),
        ]);
        let more = running.len().saturating_sub(LINES);
        for (session, held) in running.iter().take(LINES) {
            let failed = (session.failed > 0).then_some(Ink::Bad);
            table.row::<Cell>([
                clipped(&session.worker_name, 26).into(),
                count(session.holds).into(),
                held.since.map_or_else(String::new, shown).into(),
                held.left.map_or_else(|| "".into(), lease_left),
                count(session.success).into(),
                Cell::inked(count(session.failed), failed),
            ]);
        }
        let shown = table.on(screen);
        match (table.is_empty(), more) {
            (true, _) => "no worker runs\n".to_owned(),
            (false, 0) => shown,
            (false, more) => format!("{shown}and {} more\n", count(more as u64)),
        }
    }

    fn causes(&self, screen: Screen) -> String {
        let mut table = Table::new(&[
            ("failed", Align::Right),
            ("category", Align::Left),
            ("column or reason", Align::Left),
        ]);
        for cause in self.causes.causes.iter().take(LINES) {
            let place = match (&cause.table, &cause.column) {
                (Some(table), Some(column)) => format!("{table}.{column}"),
                _ => cause.reason.clone(),
            };
            table.row::<Cell>([
                Cell::inked(count(cause.applications), Ink::Bad),
                cause.category.name().into(),
                clipped(&place, 46).into(),
            ]);
        }
        let more = self.causes.all_causes.saturating_sub(LINES as u64);
        let shown = table.on(screen);
        match (table.is_empty(), more) {
            (true, _) => String::new(),
            (false, 0) => shown,
            (false, more) => format!("{shown}and {} more causes\n", count(more)),
        }
    }
}

/// The first characters of a text.
fn clipped(text: &str, width: usize) -> String {
    text.chars().take(width).collect()
}

/// The claims of a session.
struct Held {
    /// Seconds since its first claim.
    since: Option<i64>,
    /// Seconds until its first lease expires; negative if it has expired.
    left: Option<i64>,
}

impl Held {
    fn by(session: &SessionSummary, claims: &[ActiveClaim]) -> Self {
        let own = || claims.iter().filter(|claim| claim.session == session.session);
        Self {
            since: own().map(|claim| claim.age_seconds).max(),
            left: own().map(|claim| claim.remaining_seconds).min(),
        }
    }
}

fn shown(seconds: i64) -> String {
    duration(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use uuid::Uuid;

    use super::*;
    use crate::id::{AppId, ClaimToken, ContractHash, SessionId};
    use crate::outcome::FailureCategory;
    use crate::store::{FailureCause, Pause, SessionState};

    const SCREEN: Screen = Screen { has_colours: false, width: Some(80) };

    fn at(second: u32) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2025, 3, 1, 8, 0, second).unwrap()
    }

    fn status(workers: u32) -> Status {
        let session = |number: u32| SessionSummary {
            session: SessionId(Uuid::from_u128(u128::from(number))),
            worker_name: format!("db1:{number}"),
            host_name: "db1".into(),
            state: SessionState::Working,
            started_at: at(1),
            last_seen_at: at(30),
            ended_at: None,
            exit_status: None,
            claimed: 2000,
            success: 1960,
            failed: 30,
            released: 10,
            reaped: 0,
            refused: 0,
            holds: match number {
                1 => 25,
                2 => 50,
                _ => 0,
            },
            program_version: "1.2.3".into(),
            contract_hash: ContractHash([0; 32]),
        };
        let claim = |number: u32, remaining_seconds| ActiveClaim {
            token: ClaimToken(Uuid::nil()),
            session: SessionId(Uuid::from_u128(u128::from(number))),
            worker_name: format!("db1:{number}"),
            apps: 25,
            age_seconds: 65,
            remaining_seconds,
            renewals: 3,
        };
        Status {
            ready: 2_944_000,
            claimed: 75,
            quarantined: 1,
            success: 2_000_000,
            failed: 30,
            not_enqueued: Some(0),
            completed_recently: 60_000,
            completed_in_seconds: Some(600),
            claims: vec![claim(2, 55), claim(2, 40), claim(1, -10)],
            sessions: (1..=workers).map(session).collect(),
            ..Status::default()
        }
    }

    fn causes(many: u64) -> FailureCauses {
        let cause = |number: u64| FailureCause {
            fingerprint: None,
            applications: 1000 / number,
            category: FailureCategory::MalformedXml,
            table: None,
            column: None,
            path_shape: None,
            error_number: None,
            first_at: at(1),
            last_at: at(2),
            example: AppId(7),
            reason: "the end tag is \"a\", but the open element is \"b\": correct one".to_owned(),
            values: Vec::new(),
        };
        let causes: Vec<FailureCause> = (1..=many).map(cause).collect();
        FailureCauses { causes, all_causes: many, all_applications: 9 }
    }

    #[test]
    fn a_screen_has_at_most_24_lines_of_80_characters() {
        let status = Status {
            paused: Some(Pause { since: at(1), by: "Anna".into(), reason: "x".repeat(200) }),
            ..status(40)
        };
        let causes = causes(30);
        let watched =
            Watched { store: &"s".repeat(90), at: at(9), status: &status, causes: &causes };
        let screen = watched.render(SCREEN);
        assert!(screen.lines().count() <= 24, "{screen}");
        assert!(screen.lines().all(|line| line.chars().count() <= 80), "{screen}");
        insta::assert_snapshot!(screen);
    }

    #[test]
    fn nothing_is_cut_off_at_80_characters() {
        let (status, causes) = (status(2), causes(1));
        let watched = Watched { store: "db1.sales", at: at(9), status: &status, causes: &causes };
        let wide = Screen { width: Some(1000), ..SCREEN };
        assert_eq!(watched.render(SCREEN), watched.render(wide));
        insta::assert_snapshot!(watched.render(SCREEN));
    }

    #[test]
    fn two_workers_of_one_name_hold_their_own_claims() {
        let mut status = status(2);
        for session in &mut status.sessions {
            session.worker_name = "same".into();
        }
        let causes = causes(0);
        let watched = Watched { store: "db1", at: at(9), status: &status, causes: &causes };
        let screen = watched.render(SCREEN);
        let held: Vec<Vec<&str>> = screen
            .lines()
            .filter(|line| line.starts_with("same"))
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(held[0][1..], ["50", "1", "min", "05", "s", "40.0", "s", "1,960", "30"]);
        assert_eq!(held[1][1..], ["25", "1", "min", "05", "s", "expired", "1,960", "30"]);
    }

    #[test]
    fn a_store_without_anything_has_a_screen_too() {
        let (status, causes) = (Status::default(), FailureCauses::default());
        let watched = Watched { store: "db1.sales", at: at(9), status: &status, causes: &causes };
        insta::assert_snapshot!(watched.render(SCREEN));
    }
}
