/**
 * Regions of the three large clouds by the country their machines stand in (the clouds' own lists, 2026). The country's
 * average is what is known of them: a region in the United States may be far from it, and `--carbon-intensity` says better.
 */
const byCountry: Readonly<Record<string, string>> = {
  ARE: 'me-central-1 uaenorth uaecentral',
  AUS: 'ap-southeast-2 ap-southeast-4 australia-southeast1 australia-southeast2 australiaeast australiasoutheast australiacentral australiacentral2',
  AUT: 'austriaeast',
  BEL: 'europe-west1 belgiumcentral',
  BHR: 'me-south-1',
  BRA: 'sa-east-1 southamerica-east1 brazilsouth brazilsoutheast',
  CAN: 'ca-central-1 ca-west-1 northamerica-northeast1 northamerica-northeast2 canadacentral canadaeast',
  CHE: 'eu-central-2 europe-west6 switzerlandnorth switzerlandwest',
  CHL: 'southamerica-west1 chilecentral',
  CHN: 'cn-north-1 cn-northwest-1 chinanorth chinanorth2 chinanorth3 chinaeast chinaeast2 chinaeast3',
  DEU: 'eu-central-1 europe-west3 europe-west10 germanywestcentral germanynorth',
  DNK: 'denmarkeast',
  ESP: 'eu-south-2 europe-southwest1 spaincentral',
  FIN: 'europe-north1',
  FRA: 'eu-west-3 europe-west9 francecentral francesouth',
  GBR: 'eu-west-2 europe-west2 uksouth ukwest',
  HKG: 'ap-east-1 asia-east2 eastasia',
  IDN: 'ap-southeast-3 asia-southeast2 indonesiacentral',
  IND: 'ap-south-1 ap-south-2 asia-south1 asia-south2 centralindia southindia westindia jioindiawest jioindiacentral',
  IRL: 'eu-west-1 northeurope',
  ISR: 'il-central-1 me-west1 israelcentral',
  ITA: 'eu-south-1 europe-west8 europe-west12 italynorth',
  JPN: 'ap-northeast-1 ap-northeast-3 asia-northeast1 asia-northeast2 japaneast japanwest',
  KOR: 'ap-northeast-2 asia-northeast3 koreacentral koreasouth',
  MEX: 'mx-central-1 northamerica-south1 mexicocentral',
  MYS: 'ap-southeast-5 malaysiawest',
  NLD: 'europe-west4 westeurope',
  NOR: 'norwayeast norwaywest',
  NZL: 'ap-southeast-6 newzealandnorth',
  POL: 'europe-central2 polandcentral',
  QAT: 'me-central1 qatarcentral',
  SAU: 'me-central2',
  SGP: 'ap-southeast-1 asia-southeast1 southeastasia',
  SWE: 'eu-north-1 europe-north2 swedencentral swedensouth',
  THA: 'ap-southeast-7',
  TWN: 'ap-east-2 asia-east1',
  USA: 'us-east-1 us-east-2 us-west-1 us-west-2 us-gov-east-1 us-gov-west-1 us-central1 us-east1 us-east4 us-east5 us-south1 us-west1 us-west2 us-west3 us-west4 eastus eastus2 eastus3 centralus northcentralus southcentralus westcentralus westus westus2 westus3',
  ZAF: 'af-south-1 africa-south1 southafricanorth southafricawest',
};

const countryOf = new Map(
  Object.entries(byCountry).flatMap(([country, regions]) => regions.split(' ').map((region) => [region, country])),
);

/** The country, in three letters, of a region of AWS, Google Cloud or Azure. */
export const cloudCountry = (region: string): string | undefined => countryOf.get(region);
export const cloudRegions = (): string[] => [...countryOf.keys()];
