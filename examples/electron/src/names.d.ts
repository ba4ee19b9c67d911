/* The published sample writes one type's name as older versions of the package did. */
import { GroupInfoCustomString } from "im_electron_sdk/dist/interfaces";

declare module "im_electron_sdk/dist/interfaces" {
  interface GroupInfoCustemString extends GroupInfoCustomString {}
}
