"""The resources that steps and sensors ask for, as types of their parameters.

Dagster resolves these annotations when the definitions load, and importing a driver or a vendor for that would double
the start of every run; so at run time they are `Any`, and only the type checker knows the classes.
"""

from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    from zakaz_dagster.alerts.service import Alerts as _Alerts
    from zakaz_dagster.backup.service import Backups as _Backups
    from zakaz_dagster.health.look import Subjects as _Subjects
    from zakaz_dagster.sources.gmail.source import Mailbox as _Mailbox
    from zakaz_dagster.sources.qtickets.source import QTicketsSource as _QTickets
    from zakaz_dagster.sources.vk_ads.source import VkAdsSource as _VkAds
    from zakaz_dagster.sources.yandex_direct.source import DirectSource as _Direct
    from zakaz_dagster.warehouse.client import Warehouse as _Warehouse

    WarehouseParam = dg.ResourceParam[_Warehouse]
    QTicketsParam = dg.ResourceParam[_QTickets]
    VkAdsParam = dg.ResourceParam[_VkAds]
    DirectParam = dg.ResourceParam[_Direct]
    MailboxParam = dg.ResourceParam[_Mailbox]
    WatchParam = dg.ResourceParam[_Subjects]
    AlertsParam = dg.ResourceParam[_Alerts]
    BackupsParam = dg.ResourceParam[_Backups]
else:
    WarehouseParam = QTicketsParam = VkAdsParam = DirectParam = MailboxParam = dg.ResourceParam[Any]
    WatchParam = AlertsParam = BackupsParam = dg.ResourceParam[Any]
