//! The lists of `internet`.

/// Parts of domains and of mail addresses.
pub(super) const WORDS: &str = "
alder
amber
anchor
arbor
aspen
atlas
basil
beacon
birch
bright
canyon
cedar
cinder
cliff
clover
cobalt
copper
coral
crystal
delta
ember
falcon
fern
field
flint
forest
garnet
glacier
granite
harbor
hazel
heron
indigo
iron
ivory
jade
juniper
lagoon
lake
lantern
laurel
lunar
maple
marble
meadow
mesa
mint
moss
north
oak
ocean
olive
onyx
opal
orchard
otter
pearl
pepper
pine
plum
prairie
quartz
quill
rapid
raven
reef
ridge
river
robin
saffron
sage
sierra
silver
slate
solar
spruce
stone
summit
swift
teal
thistle
timber
topaz
tulip
valley
velvet
violet
walnut
water
willow
";

/// What stands behind a host's name.
pub(super) const PATHS: &str = "
/
/about
/account
/articles
/basket
/blog
/catalog
/categories
/checkout
/contact
/docs
/download
/events
/help
/images
/jobs
/login
/news
/offers
/orders
/privacy
/products
/profile
/reviews
/search
/shipping
/status
/stores
/support
/users
";

/// Top-level domains, and domains, that are nobody's (RFC 2606).
pub(super) const DOMAINS: [&str; 4] = [".example", ".test", ".example", ".example"];

/// How browsers name themselves.
pub(super) const AGENTS: &[&str] = &[
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:144.0) Gecko/20100101 Firefox/144.0",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Android 15; Mobile; rv:144.0) Gecko/144.0 Firefox/144.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
    "curl/8.14.1",
    "python-requests/2.32.5",
];
