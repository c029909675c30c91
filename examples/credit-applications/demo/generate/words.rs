//! Invented words. None of them is a person, a company or a place.

pub(super) const FIRST_NAMES: [&str; 20] = [
    "Quillon",
    "Brammel",
    "Zorvane",
    "Thistlewyn",
    "Ompelia",
    "Grubbert",
    "Ysolfric",
    "Wendolast",
    "Zörbel",
    "Érimonde",
    "Łumwick",
    "Ēdrinna",
    "Plimsolla",
    "Vexford",
    "Narquille",
    "Dribbet",
    "Hoxanne",
    "Jubilor",
    "Kestrith",
    "Murgatine",
];

pub(super) const LAST_NAMES: [&str; 20] = [
    "Fernwhistle",
    "Oakenpickle",
    "O'Quibble",
    "Tumblethorpe",
    "Gadzook-Plum",
    "Snorkelby",
    "Wobbleston",
    "Brûlépatte",
    "Drizzlewick",
    "Pumpernook",
    "Crumbleforth",
    "Ñandular",
    "Mossbucket",
    "Fiddlespoon",
    "Zigglethwaite",
    "Bramblesocks",
    "Quagglemire",
    "Tatterby",
    "Nettlewump",
    "Sprocketon",
];

pub(super) const STREETS: [&str; 12] = [
    "Imaginary Way",
    "Nowhere Lane",
    "Placeholder Avenue",
    "Teapot Crescent",
    "Lorem Street",
    "Ipsum Road",
    "Fiction Boulevard",
    "Rue de l'Exemple",
    "Mock Turtle Terrace",
    "Sample Square",
    "Paper Moon Drive",
    "Umbrella Court",
];

pub(super) const CITIES: [&str; 12] = [
    "Nowhere Falls",
    "Exampleton",
    "Port Placebo",
    "Mount Pretend",
    "Saint Fictus",
    "Løremby",
    "Upper Imaginary",
    "Teapot Springs",
    "Fabula",
    "Mockington",
    "New Nonsuch",
    "Lake Perhaps",
];

/// Subdivision codes that ISO 3166 leaves to private use.
pub(super) const STATES: [&str; 6] = ["XA", "XB", "XC", "xd", "XE", "XF"];

pub(super) const BUSINESSES: [&str; 10] = [
    "Fern & Thistle Imaginary Goods",
    "Pretend Freight",
    "The <Sample> Company",
    "Mock Dairy",
    "Placeholder Partners",
    "Nowhere Rail",
    "Fabled Foundry",
    "\"Quoted\" Catering",
    "Café Nulle Part",
    "Umbrella Testing Grounds",
];

pub(super) const JOBS: [&str; 10] = [
    "Kite untangler",
    "Self-employed whistler",
    "Cloud shepherd",
    "Senior teapot inspector",
    "Self employed juggler",
    "Echo collector",
    "Sundial winder",
    "Deputy moonkeeper",
    "Button sorter",
    "Assistant to the assistant umbrella carrier, night shift and high tides included",
];

pub(super) const MAKES: [&str; 8] = [
    "Velociped",
    "Gondoliere",
    "Trundle",
    "Zeppelina",
    "Rollick",
    "Wheelwright",
    "Tootle",
    "Karrosse",
];

pub(super) const ANALYSTS: [&str; 6] = ["robot-1", "robot-2", "desk-07", "desk-19", "", "desk-33"];

pub(super) const REASONS: [&str; 8] = [
    "income stated & documented",
    "ratio < 0.45",
    "collateral value not found",
    "policy 12 says \"ask again\"",
    "score between tiers",
    "waiting for the second contact",
    "rate > ceiling for tier",
    "all conditions met",
];

/// Words for everything that the contract does not read.
pub(super) const FILLER: [&str; 24] = [
    "anchor", "basin", "cobalt", "dapple", "ember", "fathom", "gable", "hazel", "inlet", "juniper",
    "kettle", "lantern", "meadow", "nimbus", "orchard", "pebble", "quarry", "ripple", "saddle",
    "timber", "umber", "velvet", "willow", "zephyr",
];
