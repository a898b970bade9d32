-- Days with a sale whose UTM holds one of these numbers of ads, groups or campaigns.
-- grain: one row per date
SELECT DISTINCT date
FROM fact_utm_matches_daily
WHERE hasAny({numbers:Array(String)}, [trimBoth(utm_campaign), trimBoth(utm_content), trimBoth(utm_term)])
