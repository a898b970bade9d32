"""VK Ads (ads.vk.com, API v2): ad plans, ad groups, banners and their daily statistics."""
