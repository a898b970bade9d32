-- Tags of the days first..last that the dictionary lacks, and every tag that another version of the parser read.
-- grain: one row per (utm_source, utm_medium, utm_campaign, utm_content)
WITH
used AS
(
    SELECT CAST(utm_source AS String) AS utm_source, CAST(utm_medium AS String) AS utm_medium, utm_campaign, utm_content
    FROM stg_qtickets_sales_raw
    WHERE sale_date BETWEEN {first:Date} AND {last:Date}
    UNION DISTINCT
    SELECT CAST(utm_source AS String) AS utm_source, CAST(utm_medium AS String) AS utm_medium, utm_campaign, utm_content
    FROM fact_vk_ads_daily
    WHERE date BETWEEN {first:Date} AND {last:Date}
    UNION DISTINCT
    SELECT CAST(utm_source AS String) AS utm_source, CAST(utm_medium AS String) AS utm_medium, utm_campaign, utm_content
    FROM fact_direct_daily
    WHERE date BETWEEN {first:Date} AND {last:Date}
    UNION DISTINCT
    SELECT utm_source, utm_medium, utm_campaign, utm_content FROM dim_utm_tags FINAL WHERE parser != {parser:String}
)
SELECT u.utm_source AS utm_source, u.utm_medium AS utm_medium, u.utm_campaign AS utm_campaign, u.utm_content AS utm_content
FROM used AS u
LEFT ANTI JOIN
(
    SELECT utm_source, utm_medium, utm_campaign, utm_content FROM dim_utm_tags FINAL WHERE parser = {parser:String}
) AS t
    ON u.utm_source = t.utm_source AND u.utm_medium = t.utm_medium
    AND u.utm_campaign = t.utm_campaign AND u.utm_content = t.utm_content
