//! Curves of applications per second over workers, as SVG.

use std::fmt::Write;

/// A curve and what it is of.
#[derive(Debug)]
pub struct Curve {
    pub name: String,
    /// Workers, and applications per second.
    pub points: Vec<(f64, f64)>,
}

#[derive(Debug)]
pub struct Picture {
    pub title: &'static str,
    pub curves: Vec<Curve>,
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 380.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 60.0;
const TOP: f64 = 48.0;
const BOTTOM: f64 = 52.0;

/// Of the curves in this order; readable on white and on black.
const COLOURS: [&str; 4] = ["#2f7ed8", "#d9822b", "#3c9f4f", "#a349a4"];

impl Picture {
    /// Both axes are logarithmic.
    pub fn svg(&self) -> String {
        let all = || self.curves.iter().flat_map(|curve| &curve.points);
        let most_workers = all().map(|point| point.0).fold(1.0, f64::max);
        let most = 10f64.powf(all().map(|point| point.1).fold(1.0, f64::max).log10().ceil());
        let least = 10f64.powf(all().map(|point| point.1).fold(most, f64::min).log10().floor());
        let x = |workers: f64| {
            LEFT + (WIDTH - LEFT - RIGHT) * workers.log2() / most_workers.log2().max(1.0)
        };
        let y = |value: f64| {
            let part = (value / least).log10() / (most / least).log10().max(1.0);
            HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * part
        };
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
             aria-label=\"{}\">\n<style>text{{font:13px sans-serif;fill:#888}}.t{{font-size:15px}}\
             path{{fill:none;stroke-width:2}}line{{stroke:#888;stroke-opacity:.35}}</style>\n\
             <text class=\"t\" x=\"{LEFT}\" y=\"24\">{}</text>\n",
            self.title, self.title
        );
        let mut value = least;
        while value <= most * 1.001 {
            let at = y(value);
            let _ = writeln!(
                svg,
                "<line x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 8.0,
                at + 4.0,
                xmlshred::figures::count(value as u64)
            );
            value *= 10.0;
        }
        let mut workers = 1.0;
        while workers <= most_workers {
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{workers}</text>",
                x(workers),
                HEIGHT - BOTTOM + 20.0
            );
            workers *= 2.0;
        }
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">workers; upwards, applications per second</text>",
            (LEFT + WIDTH - RIGHT) / 2.0,
            HEIGHT - 12.0
        );
        // Names that would lie on each other are moved apart.
        let mut ends: Vec<(usize, f64)> = self
            .curves
            .iter()
            .enumerate()
            .filter_map(|(at, curve)| curve.points.last().map(|point| (at, y(point.1))))
            .collect();
        ends.sort_by(|a, b| a.1.total_cmp(&b.1));
        for i in 1..ends.len() {
            ends[i].1 = ends[i].1.max(ends[i - 1].1 + 15.0);
        }
        for (at, label) in ends {
            let (curve, colour) = (&self.curves[at], COLOURS[at % COLOURS.len()]);
            let mut path = String::new();
            for (i, (workers, value)) in curve.points.iter().enumerate() {
                let letter = if i == 0 { 'M' } else { 'L' };
                let _ = write!(path, "{letter}{:.1} {:.1}", x(*workers), y(*value));
            }
            let _ = writeln!(
                svg,
                "<path d=\"{path}\" stroke=\"{colour}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" style=\"fill:{colour}\">{}</text>",
                WIDTH - RIGHT + 8.0,
                label + 4.0,
                curve.name
            );
        }
        svg.push_str("</svg>\n");
        svg
    }
}
