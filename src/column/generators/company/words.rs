//! The lists of `company`.

/// What names begin with.
pub(super) const FIRST: &str = "
Acorn
Alpine
Amber
Arctic
Atlas
Aurora
Beacon
Blue
Bright
Cedar
Central
Cobalt
Continental
Coral
Delta
Eastern
Emerald
Evergreen
Falcon
First
Golden
Granite
Green
Harbor
Horizon
Iron
Ivory
Keystone
Lakeside
Liberty
Lumen
Maple
Meridian
Metro
Midland
Northern
Nova
Oak
Ocean
Orchard
Orion
Pacific
Pioneer
Polar
Premier
Prime
Quantum
Redwood
Riverside
Royal
Sapphire
Sierra
Silver
Solar
Southern
Sterling
Summit
Swift
Terra
Union
United
Urban
Valley
Vertex
Western
White
";

/// What they go on with.
pub(super) const SECOND: &str = "
Analytics
Automotive
Biotech
Brands
Capital
Catering
Ceramics
Chemicals
Cloud
Components
Construction
Consulting
Data
Design
Dynamics
Electronics
Energy
Engineering
Equipment
Farms
Fashion
Finance
Foods
Freight
Furniture
Health
Holding
Hospitality
Imports
Industries
Instruments
Insurance
Interiors
Investments
Labs
Learning
Lighting
Logistics
Machinery
Marine
Markets
Materials
Media
Medical
Metals
Mobility
Networks
Optics
Packaging
Partners
Pharma
Plastics
Printing
Properties
Research
Robotics
Security
Services
Shipping
Software
Solutions
Steel
Studios
Supply
Systems
Technologies
Textiles
Tools
Trading
Travel
Ventures
";

/// Common last names.
pub(super) const LAST: &str = "
Adams
Andersen
Bailey
Baker
Becker
Bennett
Bianchi
Brooks
Brown
Carter
Clark
Collins
Costa
Davies
Dubois
Edwards
Evans
Fischer
Foster
Garcia
Gray
Green
Hansen
Harris
Hughes
Jansen
Johnson
Keller
King
Klein
Kowalski
Larsen
Lehmann
Lopez
Martin
Meyer
Miller
Moore
Moreau
Moretti
Morgan
Murphy
Nielsen
Novak
Olsen
Parker
Peeters
Petersen
Ricci
Roberts
Romano
Rossi
Roth
Santos
Schmidt
Schneider
Scott
Silva
Smith
Stewart
Svensson
Taylor
Turner
Vogel
Wagner
Walker
Weber
White
Wilson
Wood
Wright
Young
";

pub(super) const FORMS: &[&str] = &[
    "AG", "BV", "GmbH", "Inc.", "KG", "LLC", "Ltd", "Oy", "PLC", "S.p.A.", "S.r.l.", "SA", "SAS",
];

/// Sections of ISIC and NACE.
pub(super) const INDUSTRIES: &[&str] = &[
    "Accommodation and food",
    "Administrative services",
    "Agriculture and forestry",
    "Arts and recreation",
    "Construction",
    "Education",
    "Energy",
    "Financial services",
    "Health and social work",
    "Information and communication",
    "Manufacturing",
    "Mining",
    "Professional services",
    "Real estate",
    "Transport and storage",
    "Water and waste",
    "Wholesale and retail",
];
