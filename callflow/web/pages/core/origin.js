// Where a caller comes from: by himself, or from another platform, and then from which agent there; of one who sits there
// as a guest also who sent him. `by` is as he signs: 8002, or 8119.110.

import { t } from "./i18n.js";

export function originOf({ from_site: site, handed_by: by }) {
  if (!site) return t("from.direct");
  const [agent, home] = (by ?? "").split(".");
  if (!agent) return t("from.site", { site });
  return home ? t("from.guest", { site, agent, home }) : t("from.agent", { site, agent });
}
